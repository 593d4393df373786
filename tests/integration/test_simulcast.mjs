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
const OTHERS = 15, OTHER_PIXELS = 160 * 90, WAIT_MS = 90000, RATE_MS = 2000, MOST_BPS = 250_000;
/*
 * The smallest first: libwebrtc fills layers in the order that they are named in. Named the other
 * way about it keeps the largest, and stops the one that is wanted, when it may send little.
 */
const LAYERS = [{ rid: 'l', scaleResolutionDownBy: 4 },
	{ rid: 'm', scaleResolutionDownBy: 2 }, { rid: 'h' }];
/* Of each layer; GStreamer's is half as large. */
const PIXELS = { h: 1280 * 720, m: 640 * 360, l: 320 * 180 };
const GSTREAMER = { h: 640 * 360, l: 320 * 180 };
const CHROMIUM = { whole: 640 * 360, half: 320 * 180 };

/* GStreamer's red is a pure one. */
const COLOURS = { ...palette, gstreamer: [255, 0, 0] };
const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 40);

/*
 * The layer that is decoded of the one who sends several, by how large all pictures are that are
 * decoded, of `senders` people: all others send one size. Else what there is instead, in words.
 */
async function decoded(server, senders, sizes) {
	const { streams, streamsDecoded, pixelsDecoded } = await roomFigures(server, ROOM);
	const pixels = pixelsDecoded - (senders - 1) * OTHER_PIXELS;
	const rid = streamsDecoded === senders &&
	    Object.keys(sizes).find((name) => sizes[name] === pixels);

	return rid || `${streamsDecoded} of ${streams} streams, ${pixelsDecoded} pixels`;
}

/* Of all that comes, one stream of each sender is decoded, and of the one this layer. */
async function decodes(test, server, rid, why, { senders = 1, sizes = PIXELS } = {}) {
	let seen;

	await until(`layer ${rid} is decoded`, WAIT_MS, async () => {
		seen = await decoded(server, senders, sizes);
		return seen === rid;
	}, 200).catch((error) => {
		throw new Error(`${error.message}, but ${seen}`);
	});
	test.check(true, why);
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
	const server = await startServer(test);
	const sender = startProcessClient(test, 'wrtc');
	const viewer = startProcessClient(test, 'wrtc');

	await viewer.join({ url: `${server.public}/whep/${ROOM}`, mode: 'watch' });
	const { answer } = await sender.join({ url: `${server.public}/whip/${ROOM}`,
	    mode: 'send', colour: palette.red, size: [1280, 720], layers: LAYERS });
	test.check(/^a=simulcast:recv l;m;h\r$/m.test(answer), 'three layers are taken');

	await decodes(test, server, 'h', 'alone in the room, the largest is decoded');
	await shows(viewer, 'red');
	test.check(true, 'and seen');

	const others = startHeadless(test, server, ROOM, '--count', OTHERS, '--size', '160x90',
	    '--fps', 2, '--kbps', 30, '--no-audio');
	await decodes(test, server, 'l', 'in a grid of four by four, the smallest',
	    { senders: OTHERS + 1 });
	await sendsLittle(test, sender);

	await others.leave();
	await decodes(test, server, 'h', 'alone again, the largest again');
	await shows(viewer, 'red');
	test.check(true, 'and seen');

	await sender.leave();

	const gstreamer = startGstreamer(test, 'layers', `${server.public}/whip/${ROOM}`);
	await until('webrtcbin has joined', 20000, () => gstreamer.said.length > 0);
	await decodes(test, server, 'h', 'of two layers of GStreamer the larger is decoded',
	    { sizes: GSTREAMER });
	await shows(viewer, 'gstreamer');
	test.check(true, 'and seen');
	gstreamer.child.stdin.end();
	await gstreamer.over;

	const chromium = await startBrowserClient(test, 'chromium',
	    await servePeerPage(test, server.public));
	await chromium.join({ url: `${server.public}/whip/${ROOM}`, mode: 'send', listen: false,
	    colour: palette.green, size: [640, 360],
	    layers: [{ rid: 'whole' }, { rid: 'half', scaleResolutionDownBy: 2 }] });
	await decodes(test, server, 'whole', 'of two layers of Chromium the larger is decoded',
	    { sizes: CHROMIUM });
	await shows(viewer, 'green');
	test.check(true, 'and seen');

	await chromium.activate(['half']);
	await chromium.repaint(palette.blue);
	await decodes(test, server, 'half', 'when it stops, the other one',
	    { sizes: CHROMIUM });
	await shows(viewer, 'blue');
	test.check(true, 'and seen');
	await chromium.leave();
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
