// Three sizes of one mosaic, each made only while watched, and gapless ways between them.
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { roomFigures, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'sizes';
const RED = [200, 40, 40];
const LINGER_MS = 10000;		/* an encoder outlives its last viewer by so much */

const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 40);

/* Asks for another size, where every session can be steered; the answer is its status. */
async function ask(server, session, max) {
	const id = session.split('/').at(-1);
	const response = await fetch(`${server.public}/v1/sessions/${id}`, {
		method: 'PATCH', headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ max }),
	});
	return response.status;
}

/*
 * So many are there. A server that is short of processors changes codecs, and for a while there
 * are more.
 */
const encoders = (server, count) => until(`${count} encoders`, 2 * LINGER_MS + 5000, async () =>
    (await roomFigures(server, ROOM)).videoEncoders === count);

await enterNamespace();
await runTest(100, async (test) => {
	const server = await startServer(test);
	const sender = startProcessClient(test, 'wrtc');
	const large = startProcessClient(test, 'wrtc');
	const small = startProcessClient(test, 'wrtc');
	const height = async (client) => (await client.look([[0.5, 0.5]])).height;

	await sender.join({ url: `${server.public}/whip/${ROOM}`, mode: 'send', colour: RED,
	    toneHz: 500 });
	const watching = await small.join({ url: `${server.public}/whep/${ROOM}?max=180p`,
	    mode: 'watch' });
	await until('the small picture', 10000, async () => await height(small) === 180);
	await encoders(server, 1);
	test.check(true, 'only the size that is watched is made');

	await large.join({ url: `${server.public}/whep/${ROOM}`, mode: 'watch' });
	await until('the large picture', 10000, async () => await height(large) === 720);
	await encoders(server, 2);
	test.check(true, 'a second one when it is asked for');
	for (const [client, name] of [[small, 'small'], [large, 'large']]) {
		await until(`the colour in the ${name} one`, 5000, async () =>
		    near((await client.look([[0.5, 0.5]])).colours[0], RED));
		test.check(true, `the ${name} picture shows the sender's colour`);
	}

	const before = await small.stats();
	for (const [max, lines] of [['360p', 360], ['720p', 720], ['180p', 180], ['720p', 720]]) {
		const status = await ask(server, watching.session, max);
		const start = performance.now();
		await until(`${max}`, 5000, async () => await height(small) === lines);
		test.check(status === 204, `goes over to ${max} in mid-stream`,
		    `after ${Math.round(performance.now() - start)} ms`);
		await pause(1000);
	}
	const after = await small.stats();
	test.check(after.packetsLost === before.packetsLost &&
	    after.framesDecoded - before.framesDecoded >= 20,
	    'and decodes all the way', `${after.framesDecoded - before.framesDecoded} frames, ` +
	    `${after.packetsLost - before.packetsLost} packets lost`);

	await encoders(server, 1);
	test.check(true, 'encoders that nobody watches any more are freed');
});
