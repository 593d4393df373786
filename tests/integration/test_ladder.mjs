// Up and down the ladder in mid-stream: other sizes in other codecs, in every kind of client.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 200
import { enterNamespace } from '../harness/namespace.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'ladder';
const RED = [200, 40, 40];
const STEPS = [[360, '360p'], [720, '720p'], [180, '180p'], [360, '360p'], [720, '720p']];
/* A server that is short of processors keeps to the codec of all. */
const SMALL = ['video/AV1', 'video/VP8'];

/* So near that a picture of another colour system is not. */
const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 10);

async function ask(server, session, max) {
	const id = session.split('/').at(-1);
	const response = await fetch(`${server.public}/v1/sessions/${id}`, {
		method: 'PATCH', headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ max }),
	});

	return response.status;
}

/* Frames go on coming, and none is asked for again. */
async function goesOn(client, words) {
	const before = (await client.stats()).framesDecoded;

	await until(`${words}: ten more frames`, 10000, async () =>
	    (await client.stats()).framesDecoded >= before + 10);
}

async function climb(test, server, name, client, session) {
	const first = await client.stats();

	for (const [lines, max] of STEPS) {
		const start = performance.now();
		const status = await ask(server, session, max);

		await until(`${name}: ${max}`, 10000, async () =>
		    (await client.look([[0.5, 0.5]])).height === lines);
		const took = Math.round(performance.now() - start);
		await goesOn(client, `${name}: ${max}`);
		const { colours: [colour] } = await client.look([[0.5, 0.5]]);
		const { receives } = await client.stats();
		const right = lines > 360 ? receives === 'video/VP8' : SMALL.includes(receives);

		test.check(status === 204 && right && near(colour, RED),
		    `${name} goes over to ${max}`, `${receives} after ${took} ms, ${colour}`);
		await pause(1000);
	}
	const last = await client.stats();
	test.check(last.packetsLost === first.packetsLost, `${name} lost nothing on the way`,
	    `${last.framesDecoded - first.framesDecoded} frames, ` +
	    `${last.pliCount - first.pliCount} key frames asked for, ` +
	    `${(last.totalFreezesDuration - first.totalFreezesDuration).toFixed(2)} s frozen`);
}

await enterNamespace();
await runTest(180, async (test) => {
	const server = await startServer(test);
	const origin = await servePeerPage(test, server.public);
	const sender = startProcessClient(test, 'wrtc');

	await sender.join({ url: `${server.public}/whip/${ROOM}`, mode: 'send', colour: RED,
	    toneHz: 500 });
	const watcher = startProcessClient(test, 'wrtc');
	const { session } = await watcher.join({ url: `${server.public}/whep/${ROOM}`,
	    mode: 'watch' });
	await watcher.watching();
	await climb(test, server, 'libwebrtc', watcher, session);
	await watcher.leave();
	for (const kind of ['chromium', 'firefox']) {
		const client = await startBrowserClient(test, kind, origin);
		const joined = await client.join({ url: `${server.public}/whep/${ROOM}`,
		    mode: 'watch' });

		await client.watching();
		await climb(test, server, kind, client, joined.session);
		await client.leave();
	}
});
