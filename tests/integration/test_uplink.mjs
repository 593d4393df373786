// timeout: 150
// What a person in a grid of four by four sends: no more than the own tile needs.
// SPDX-License-Identifier: GPL-3.0-or-later
import { joinByPage } from '../harness/browser-client.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { roomFigures, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'full-house';
const OTHERS = 14, SETTLE_MS = 5000, SECONDS = 5, MOST_BPS = 200_000;

/* Bytes of media sent so far, and frames. */
function sent(page) {
	return page.evaluate(async () => {
		const total = { bytes: 0, frames: 0 };

		for (const report of (await window.connections.at(-1).getStats()).values()) {
			if (report.type !== 'outbound-rtp')
				continue;
			total.bytes += report.bytesSent + (report.headerBytesSent ?? 0);
			total.frames += report.framesSent ?? 0;
		}
		return total;
	});
}

/* Of the next SECONDS. */
async function rateOf(page) {
	const before = await sent(page), start = performance.now();

	await pause(SECONDS * 1000);
	const after = await sent(page);
	return { bps: 8000 * (after.bytes - before.bytes) / (performance.now() - start),
		frames: after.frames - before.frames };
}

await enterNamespace();
await runTest(140, async (test) => {
	const server = await startServer(test);

	startHeadless(test, server, ROOM, '--count', OTHERS, '--size', '160x90', '--fps', 2,
	    '--kbps', 30, '--no-audio');
	const pages = [];
	for (const kind of ['chromium', 'firefox'])
		pages.push([kind, await joinByPage(test, kind, `${server.public}/${ROOM}`, kind)]);
	await until('sixteen people', 30000, async () =>
	    (await roomFigures(server, ROOM)).people === OTHERS + 2);
	await pause(SETTLE_MS);
	for (const [kind, page] of pages) {
		const rate = await until(`${kind} settles at ${MOST_BPS} bit/s or less`, 45000,
		    async () => {
			const { bps, frames } = await rateOf(page);
			return bps <= MOST_BPS && frames > 0 && { bps, frames };
		}, 0);

		test.check(true, `${kind} sends its picture in 200 kbit/s or less`,
		    `${Math.round(rate.bps / 1000)} kbit/s, ${rate.frames} frames`);
	}
});
