// One cell of the matrix: node tests/matrix/cell.mjs NAME [seed=1] [seconds=60] [warmUp=10] …
// SPDX-License-Identifier: GPL-3.0-or-later
//
// client=wrtc|chromium|firefox; json=FILE takes all that was seen. By hand, or by `make matrix`.
import { writeFile } from 'node:fs/promises';
import { enterNamespace } from '../harness/namespace.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest } from '../harness/tap.mjs';
import { cellsNamed } from './cells.mjs';
import { figuresFrom, judge } from './figures.mjs';
import { runCell } from './run_cell.mjs';

const [name, ...rest] = process.argv.slice(2);
const options = Object.fromEntries(rest.map((word) => word.split('=')));

for (const key of ['seed', 'seconds', 'warmUp']) {
	if (options[key] !== undefined)
		options[key] = Number(options[key]);
}
const [cell] = cellsNamed([name]);

await enterNamespace();
await runTest(180 + (cell.seconds ?? options.seconds ?? 60), async (test) => {
	const server = await startServer(test);
	const run = await runCell(test, server, cell, options);
	const figures = figuresFrom(run);
	const broken = judge(figures, cell.limits);

	if (options.json)
		await writeFile(options.json, JSON.stringify({ ...run, figures, broken }));
	for (const [key, value] of Object.entries(figures))
		test.note(`${key} ${typeof value === 'number' ? value.toFixed(1) :
			JSON.stringify(value)}`);
	test.check(!broken.length, `${cell.name} reaches its limits`, broken.join(', '));
});
