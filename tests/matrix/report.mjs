/*
 * The matrix as a table and pictures in a document.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { judge } from './figures.mjs';
import { svgOf } from './plot.mjs';

const DRAWN = ['down-loss-30x3', 'down-rate-256', 'step-2000-300-2000', 'blackout-10'];
const BEGIN = '<!-- measured -->\n', END = '<!-- /measured -->\n';

function medianOf(values) {
	const sorted = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);

	return sorted.length === values.length ? sorted[sorted.length >> 1] : null;
}

/* The medians of all figures of the runs of a cell. */
function summary(runs) {
	const figures = {};

	for (const key of Object.keys(runs[0].figures))
		figures[key] = medianOf(runs.map((run) => run.figures[key]));
	figures.heights = {};
	for (const [height, share] of runs.flatMap((run) => Object.entries(run.figures.heights)))
		figures.heights[height] = (figures.heights[height] ?? 0) + share / runs.length;
	return figures;
}

function number(value, digits = 0) {
	return typeof value === 'number' ? value.toFixed(digits) : '–';
}

const COLUMNS = [
	['cell', ({ name }) => name],
	['sound made up %', ({ figures: f }) => number(f.concealed, 2)],
	['gap ms', ({ figures: f }) => number(f.audioGap)],
	['sound kbit/s', ({ figures: f }) => number(f.audioKbps)],
	['sound waits ms', ({ figures: f }) => number(f.audioDelay)],
	['pictures/s', ({ figures: f }) => number(f.fps, 1)],
	['> 200 ms, > 500 ms a minute', ({ figures: f }) =>
		`${number(f.freezes200, 1)}, ${number(f.freezes500, 1)}`],
	['longest ms', ({ figures: f }) => number(f.pause)],
	['lines', ({ figures: f }) => number(f.height)],
	['picture kbit/s', ({ figures: f }) => number(f.videoKbps)],
	['estimate', ({ figures: f }) => number(f.estimate)],
	['queue p95 ms', ({ figures: f }) => number(f.queue95)],
	['used %', ({ figures: f }) => number(f.used)],
	['steps (ms)', ({ figures: f }) => Object.entries(f).filter(([key]) => key.includes('.'))
	    .map(([key, value]) => `${key} ${number(value)}`).join(', ')],
	['limits', ({ broken }) => broken.length ? `**${broken.join('; ')}**` : 'kept'],
];

/* A row of the table: a cell and all its runs. */
export function rowOf(cell, runs) {
	const figures = summary(runs);

	return {
		name: cell.name, figures, broken: judge(figures, cell.limits),
		run: runs[0], words: cell[cell.way],
	};
}

/* Markdown, a line each. */
export function tableOf(rows) {
	return [`| ${COLUMNS.map(([head]) => head).join(' | ')} |`,
		`|${' --- |'.repeat(COLUMNS.length)}`,
		...rows.map((row) => `| ${COLUMNS.map(([, of]) => of(row)).join(' | ')} |`)];
}

/* The table between the document's two marks, and pictures of some rows; `how` it was measured. */
export async function writeDocument(file, rows, how) {
	const text = await readFile(file, 'utf8');
	const [head, rest] = text.split(BEGIN);
	const tail = rest.split(END)[1];
	const cpu = os.cpus();
	const lines = [`${new Date().toISOString().slice(0, 10)}, ${cpu[0].model}, ${cpu.length} ` +
	    `processors; ${how}`, '', ...tableOf(rows)];

	for (const row of rows.filter(({ name }) => DRAWN.includes(name))) {
		const image = path.join('img', `matrix-${row.name}.svg`);
		await writeFile(path.join(path.dirname(file), image), svgOf(row.run, row.words));
		lines.push('', `![${row.name}](${image})`);
	}
	await writeFile(file, `${head}${BEGIN}${lines.join('\n')}\n${END}${tail}`);
}
