// The matrix: cells × seeds, a table and pictures. `make matrix` runs it, outside of CI.
// SPDX-License-Identifier: GPL-3.0-or-later
//
//   node tests/matrix/matrix.mjs [cells=NAME,NAME*,…] [seeds=1,2,3] [seconds=60] [warmUp=10]
//       [client=wrtc] [out=FOLDER] [document=FILE]
//
// Each run prints a line. FOLDER (matrix-results in the build) gets all that was seen as JSON and
// a picture of each cell. `document` gets the table, medians of the seeds, between its two marks,
// and the pictures of DRAWN beside it. A run with client=chromium adds rows of that name.
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFolder } from '../harness/server.mjs';
import { cells as allCells, cellsNamed } from './cells.mjs';
import { judge } from './figures.mjs';
import { svgOf } from './plot.mjs';

const DRAWN = ['down-loss-30x3', 'down-rate-256', 'step-2000-300-2000', 'blackout-10'];
const BEGIN = '<!-- measured -->\n', END = '<!-- /measured -->\n';

const options = {
	cells: '', seeds: '1,2,3', seconds: '60', warmUp: '10', client: 'wrtc', document: '',
	out: path.join(buildFolder(), 'matrix-results'),
	...Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s))),
};

/* One run, in a process and namespace of its own. Null: it did not come about. */
async function runOnce(cell, seed) {
	const json = path.join(options.out, `${options.client}-${cell.name}-${seed}.json`);
	const script = fileURLToPath(new URL('cell.mjs', import.meta.url));

	await rm(json, { force: true });
	const child = spawn(process.execPath, [script, cell.name, `seed=${seed}`,
		`seconds=${options.seconds}`, `warmUp=${options.warmUp}`,
		`client=${options.client}`,
		`json=${json}`], { stdio: ['ignore', 'pipe', 'inherit'] });
	let words = '';
	child.stdout.on('data', (text) => { words += text; });
	await new Promise((resolve) => child.on('close', resolve));
	try {
		return JSON.parse(await readFile(json, 'utf8'));
	} catch {
		console.log(words.replace(/^/gm, '    '));
		return null;
	}
}

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

function tableOf(rows) {
	return [`| ${COLUMNS.map(([head]) => head).join(' | ')} |`,
		`|${' --- |'.repeat(COLUMNS.length)}`,
		...rows.map((row) => `| ${COLUMNS.map(([, of]) => of(row)).join(' | ')} |`)];
}

async function writeDocument(file, rows) {
	const text = await readFile(file, 'utf8');
	const [head, rest] = text.split(BEGIN);
	const tail = rest.split(END)[1];
	const cpu = os.cpus();
	const lines = [`${new Date().toISOString().slice(0, 10)}, ${cpu[0].model}, ${cpu.length} ` +
	    `processors; client ${options.client}; ${options.seconds} s a run, medians of seeds ` +
	    `${options.seeds}.`, '', ...tableOf(rows)];

	for (const row of rows.filter(({ name }) => DRAWN.includes(name))) {
		const image = path.join('img', `matrix-${row.name}.svg`);
		await writeFile(path.join(path.dirname(file), image), row.svg);
		lines.push('', `![${row.name}](${image})`);
	}
	await writeFile(file, `${head}${BEGIN}${lines.join('\n')}\n${END}${tail}`);
}

const wanted = options.cells ? cellsNamed(options.cells.split(',')) : allCells;
const rows = [];
let failed = 0;

await mkdir(options.out, { recursive: true });
for (const cell of wanted) {
	const runs = [];

	for (const seed of options.seeds.split(','))
		runs.push(await runOnce(cell, seed));
	const good = runs.filter((run) => run !== null);
	if (good.length < runs.length) {
		failed++;
		console.log(`${cell.name}: ${runs.length - good.length} runs came to nothing`);
	}
	if (!good.length)
		continue;
	const figures = summary(good);
	const broken = judge(figures, cell.limits);
	const svg = svgOf(good[0], cell[cell.way]);
	failed += broken.length > 0;
	rows.push({ name: cell.name, figures, broken, svg });
	await writeFile(path.join(options.out, `${options.client}-${cell.name}.svg`), svg);
	console.log(tableOf([rows.at(-1)]).at(-1));
}
if (options.document)
	await writeDocument(options.document, rows);
console.log(`${wanted.length} cells, ${failed} of them not as they should be`);
process.exit(failed ? 1 : 0);
