// The matrix: cells × seeds, a table and pictures. `make matrix` runs it, outside of CI.
// SPDX-License-Identifier: GPL-3.0-or-later
//
//   node tests/matrix/matrix.mjs [cells=NAME,NAME*,…] [seeds=1,2,3] [seconds=60] [warmUp=10]
//       [client=wrtc] [out=FOLDER] [document=FILE]
//
// Each run prints a line. FOLDER (matrix-results in the build) gets all that was seen as JSON and
// a picture of each cell. `document` gets the table, medians of the seeds, between its two marks,
// and a few pictures beside it. A run with client=chromium adds rows of that name.
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFolder } from '../harness/server.mjs';
import { cells as allCells, cellsNamed } from './cells.mjs';
import { svgOf } from './plot.mjs';
import { rowOf, tableOf, writeDocument } from './report.mjs';

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
	rows.push(rowOf(cell, good));
	failed += rows.at(-1).broken.length > 0;
	await writeFile(path.join(options.out, `${options.client}-${cell.name}.svg`),
	    svgOf(good[0], cell[cell.way]));
	console.log(tableOf([rows.at(-1)]).at(-1));
}
if (options.document)
	await writeDocument(options.document, rows, `client ${options.client}; ` +
	    `${options.seconds} s a run, medians of seeds ${options.seeds}.`);
console.log(`${wanted.length} cells, ${failed} of them not as they should be`);
process.exit(failed ? 1 : 0);
