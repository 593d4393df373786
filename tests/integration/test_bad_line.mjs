// Six short cells of the matrix: bad lines are survived. timeout: 300
// SPDX-License-Identifier: GPL-3.0-or-later
//
// How well is measured by hand, make matrix. The bounds are wide on purpose: what is behind them
// on a machine that is busy with other things is a broken call, not a bad one.
import { enterNamespace } from '../harness/namespace.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';
import { cellsNamed } from '../matrix/cells.mjs';
import { figuresFrom } from '../matrix/figures.mjs';
import { runCell } from '../matrix/run_cell.mjs';

const SECONDS = 8, WARM_UP = 3;
const CONCEALED_MOST = 60;		/* % */
const PICTURES_LEAST = 5, PICTURES_MS = 30000;

/* What the line must have done to the packets, or the cell measures nothing. */
const faults = {
	'down-loss-20x1': ({ line }) => line.down.dropped.loss > 0,
	'down-loss-10x3': ({ line }) => line.down.dropped.loss > 0,
	'down-jitter-100': ({ line }) => line.down.sent > 0,
	'down-rate-256': ({ line, begin, end }) => line.down.queue_ms.max > 0 &&
	    line.down.sent_bytes * 8 / 256 < end - begin + 2000,
	'down-reorder-5': ({ line }) => line.down.reordered > 0,
	'up-loss-20x1': ({ line }) => line.up.dropped.loss > 0,
};

await enterNamespace();
await runTest(290, async (test) => {
	const server = await startServer(test);

	for (const cell of cellsNamed(Object.keys(faults))) {
		const run = await runCell(test, server, cell,
		    { seed: 1, warmUp: WARM_UP, seconds: SECONDS });
		const figures = figuresFrom(run);

		test.check(faults[cell.name](run), `${cell.name}: the line is bad`,
		    JSON.stringify(run.line[cell.way]));
		test.check(figures.concealed < CONCEALED_MOST && figures.audioKbps > 0,
		    `${cell.name}: sound is heard`, `${figures.concealed.toFixed(1)} % made up`);
		const pictures = await until(`${cell.name}: pictures`, PICTURES_MS, async () => {
			const decoded = await run.decoded();
			return decoded >= PICTURES_LEAST && decoded;
		});
		test.check(true, `${cell.name}: there is a picture`, `${pictures} of them`);
		await run.leave();
	}
});
