// Twenty viewers use one encoder, and those of three sizes one for each.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 160
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { renditionWords, renditions, roomFigures, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'theatre';
const VIEWERS = 20, SECONDS = 5, MOST_FPS = 75;

const viewersOf = (list) => list.reduce((all, { count }) => all + count, 0);

/* Frames encoded a second over `seconds`. */
async function encodedRate(server, seconds) {
	const first = await roomFigures(server, ROOM);
	const start = performance.now();

	await pause(seconds * 1000);
	const last = await roomFigures(server, ROOM);
	return (last.framesEncoded - first.framesEncoded) / ((performance.now() - start) / 1000);
}

await enterNamespace();
await runTest(140, async (test) => {
	const server = await startServer(test);
	const sender = startProcessClient(test, 'wrtc');
	const crowd = startProcessClient(test, 'wrtc');

	/*
	 * A small picture that stands still costs the twenty decoders here little, and no viewer
	 * is moved to another size when this machine is slow.
	 */
	await sender.join({
		url: `${server.public}/whip/${ROOM}`, mode: 'send', toneHz: 500,
	});
	await crowd.ask('crowd', { url: `${server.public}/whep/${ROOM}?max=180p`, count: 1 });
	await until('one viewer', 10000, async () =>
	    (await roomFigures(server, ROOM)).viewers === 1);
	const alone = await encodedRate(server, SECONDS);
	await crowd.ask('crowd', {
	    url: `${server.public}/whep/${ROOM}?max=180p`, count: VIEWERS - 1,
	});
	await until('twenty viewers', 15000, async () =>
	    (await roomFigures(server, ROOM)).viewers === VIEWERS);
	const together = await encodedRate(server, SECONDS);

	/* A server that is short of processors changes codecs, and for 10 s there are two. */
	await until('one encoder', 25000, async () =>
	    (await roomFigures(server, ROOM)).videoEncoders === 1);
	const figures = await roomFigures(server, ROOM);
	test.check(figures.viewers === VIEWERS && figures.videoEncoders === 1,
	    'twenty viewers use one video encoder', `${figures.viewers} viewers, ` +
	    `${figures.videoEncoders} encoders`);
	test.check(figures.audioEncoders <= 2, 'and one sound for all who are silent',
	    `${figures.audioEncoders} encoders`);
	/* One encoder makes 25 a second, two of them while the codec changes. */
	test.check(together < MOST_FPS, 'which does no more work than for one',
	    `${alone.toFixed(1)} frames a second for one, ${together.toFixed(1)} for twenty`);

	const before = await crowd.ask('crowdStats');
	const rate = await encodedRate(server, SECONDS);
	const after = await crowd.ask('crowdStats');
	const decoded = after.map((now, i) => now.framesDecoded - before[i].framesDecoded);
	const least = Math.min(...decoded);
	/* The room tells its figures once a second, so they are late by up to one. */
	test.check(decoded.length === VIEWERS && least > 0 && least >= 0.4 * rate * SECONDS,
	    'each of the twenty decodes it', `${least} to ${Math.max(...decoded)} frames of ` +
	    `${Math.round(rate * SECONDS)}`);

	await crowd.ask('crowd', { url: `${server.public}/whep/${ROOM}?max=360p`, count: 2 });
	await crowd.ask('crowd', { url: `${server.public}/whep/${ROOM}?max=720p`, count: 1 });
	/* Who moves meanwhile leaves an encoder behind that lingers for 10 s. */
	await until('no more encoders than renditions watched', 30000, async () => {
		const { encoders, viewers } = await renditions(server, ROOM);
		return viewersOf(viewers) === VIEWERS + 3 && encoders.length <= viewers.length;
	}, 500);
	const { encoders, viewers } = await renditions(server, ROOM);
	test.check(viewersOf(viewers) === VIEWERS + 3 && encoders.every(({ count }) => count === 1),
	    'viewers of three sizes have one encoder for each',
	    renditionWords(viewers));
});
