// Who sends several sizes at once is decoded in one, the one that fills the tile.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 300
import { palette } from '../harness/analyse.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { startGstreamer } from '../harness/gstreamer.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { roomFigures, startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'layers';
const OTHERS = 15, WAIT_MS = 90000, RATE_MS = 2000, MOST_BPS = 250_000;
const LAYERS = [{ rid: 'h' }, { rid: 'm', scaleResolutionDownBy: 2 },
	{ rid: 'l', scaleResolutionDownBy: 4 }];
/* Of each layer; GStreamer's is half as large. */
const PIXELS = { h: 1280 * 720, m: 640 * 360, l: 320 * 180 };
const GSTREAMER = { h: 640 * 360, l: 320 * 180 };
const CHROMIUM = { whole: 640 * 360, half: 320 * 180 };

/* GStreamer's red is a pure one. */
const COLOURS = { ...palette, gstreamer: [255, 0, 0] };
const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 40);

/* The layer that the room has said last to decode, if it has that size. */
function decoded(server, sizes) {
	const [, rid, pixels] = [...server.log.matchAll(/decodes layer (\w+) of (\d+) pixels/g)]
	    .at(-1) ?? [];
	return sizes[rid] === Number(pixels) ? rid : `${rid} of ${pixels} pixels`;
}

async function decodes(test, server, rid, why, sizes = PIXELS) {
	await until(`layer ${rid} is decoded, and not ${decoded(server, sizes)}`, WAIT_MS,
	    () => decoded(server, sizes) === rid);
	test.check(true, why);
}

/* Of all that come from so many senders, one of each is decoded. */
async function decodesOneOfEach(test, server, senders) {
	const { streams } = await until(`${senders} streams are decoded`, WAIT_MS, async () => {
		const figures = await roomFigures(server, ROOM);
		return figures.streamsDecoded === senders && figures;
	}, 500);

	test.check(streams >= senders, `one layer of each is decoded, ${senders} in all`,
	    `${streams} come`);
}

const shows = (client, colour) => until('the colour', WAIT_MS, async () =>
    near((await client.look([[0.5, 0.3]])).colours[0], COLOURS[colour]), 500);

/* What a client sends of video, once it is little enough. */
async function sendsLittle(test, client) {
	const bps = await until('it sends little', WAIT_MS, async () => {
		const before = (await client.stats()).videoBytes, start = performance.now();

		await new Promise((resolve) => setTimeout(resolve, RATE_MS));
		const bytes = (await client.stats()).videoBytes - before;
		const now = Math.round(8000 * bytes / (performance.now() - start));
		return bytes > 0 && now <= MOST_BPS && now;
	}, 0);

	test.check(true, 'and is told to send no more than that takes',
	    `${Math.round(bps / 1000)} kbit/s`);
}

await enterNamespace();
await runTest(280, async (test) => {
	const server = await startServer(test, 'log_level: debug\n');
	const sender = startProcessClient(test, 'wrtc');
	const viewer = startProcessClient(test, 'wrtc');

	await viewer.join({ url: `${server.public}/whep/${ROOM}`, mode: 'watch' });
	const { answer } = await sender.join({ url: `${server.public}/whip/${ROOM}`,
	    mode: 'send', colour: palette.red, size: [1280, 720], layers: LAYERS });
	test.check(/^a=simulcast:recv h;m;l\r$/m.test(answer), 'three layers are taken');

	await decodes(test, server, 'h', 'alone in the room, the largest is decoded');
	await decodesOneOfEach(test, server, 1);
	await shows(viewer, 'red');
	test.check(true, 'and seen');

	const others = startHeadless(test, server, ROOM, '--count', OTHERS, '--size', '160x90',
	    '--fps', 2, '--kbps', 30, '--no-audio');
	await decodes(test, server, 'l', 'in a grid of four by four, the smallest');
	await decodesOneOfEach(test, server, OTHERS + 1);
	await sendsLittle(test, sender);

	await others.leave();
	await decodes(test, server, 'h', 'alone again, the largest again');
	await shows(viewer, 'red');
	test.check(true, 'and seen');

	await sender.leave();

	const gstreamer = startGstreamer(test, 'layers', `${server.public}/whip/${ROOM}`);
	await until('webrtcbin has joined', 20000, () => gstreamer.said.length > 0);
	await decodes(test, server, 'h', 'of two layers of GStreamer the larger is decoded',
	    GSTREAMER);
	await shows(viewer, 'gstreamer');
	test.check(true, 'and seen');
	await decodesOneOfEach(test, server, 1);
	gstreamer.child.stdin.end();
	await gstreamer.over;

	const chromium = await startBrowserClient(test, 'chromium',
	    await servePeerPage(test, server.public));
	await chromium.join({ url: `${server.public}/whip/${ROOM}`, mode: 'send', listen: false,
	    colour: palette.green, size: [640, 360],
	    layers: [{ rid: 'whole' }, { rid: 'half', scaleResolutionDownBy: 2 }] });
	await decodes(test, server, 'whole', 'of two layers of Chromium the larger is decoded',
	    CHROMIUM);
	await shows(viewer, 'green');
	test.check(true, 'and seen');
	await decodesOneOfEach(test, server, 1);

	await chromium.activate(['half']);
	await chromium.repaint(palette.blue);
	await decodes(test, server, 'half', 'when it stops, the other one', CHROMIUM);
	await shows(viewer, 'blue');
	test.check(true, 'and seen');
	await chromium.leave();
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
