#!/usr/bin/env node
// Twenty viewers on three links: what one more of them costs, and how many encoders there are.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/viewers.mjs [--turns 3] [--seconds 20]
//
// Not part of `make check`: its bound is a part of a processor. Three and twenty viewers in turn,
// on a good line, on one that carries 600 kbit/s to each, and on one with 250.
import { makeClip } from '../harness/clip.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { steer } from '../harness/relay.mjs';
import { renditionWords, renditions, roomFigures, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';
import { asked } from './asked.mjs';

const ROOM = 'theatre';
const LINKS = [0, 600, 250];		/* kbit/s to each; 0: no bound */
const FEW = [1, 1, 1], MANY = [7, 7, 6];
const SETTLE_MS = 25000;		/* moves, and encoders that linger */
const PERCENT = 0.5;

const sum = (list) => list.reduce((all, one) => all + one, 0);
const mean = (list) => sum(list) / list.length;

/* Seconds of processors so far: all, those of the net thread, and of encoders. */
async function used(server) {
	const metrics = await server.metrics();
	const of = (stage) => metrics.get(
	    `tessera_room_cpu_seconds_total{room="${ROOM}",stage="${stage}"}`);

	return { at_ms: performance.now(), net: of('net'), encode: of('encode'),
		all: sum(['net', 'audio', 'decode', 'compose', 'encode'].map(of)) };
}

/* So many on each link; what the room used, in cores. */
async function turn(test, server, numbers, seconds) {
	const lines = [], crowds = [];

	for (const [i, count] of numbers.entries()) {
		const rate = LINKS[i] ? `rate ${LINKS[i] * count} queue 300` : '';
		const line = await steer(test, server, { seed: i + 1, down: rate });
		lines.push(line);
		crowds.push(startHeadless(test, { public: LINKS[i] ? line.origin : server.public },
		    ROOM, '--mode', 'watch', '--count', count));
	}
	await until('all watch', 60000, async () =>
	    (await roomFigures(server, ROOM)).viewers === sum(numbers));
	await pause(SETTLE_MS);
	const before = await used(server), looks = [];
	for (let i = 0; i < seconds; i++) {
		await pause(1000);
		looks.push(await renditions(server, ROOM));
	}
	const after = await used(server);
	const cores = (key) => (after[key] - before[key]) * 1000 / (after.at_ms - before.at_ms);
	const { encoders, viewers } = looks.at(-1);
	const fewest = looks.filter((look) => look.encoders.length > look.viewers.length).length;
	test.note(`${sum(numbers)} viewers: ${cores('all').toFixed(3)} cores, net ` +
	    `${cores('net').toFixed(3)}, encode ${cores('encode').toFixed(3)}; they watch ` +
	    `${renditionWords(viewers)}; made ${renditionWords(encoders)}; more encoders than ` +
	    `watched in ${fewest} of ${looks.length} looks`);
	await Promise.all(crowds.map((crowd) => crowd.leave()));
	lines.forEach((line) => line.relay?.kill());
	await until('all have left', 20000, async () =>
	    (await roomFigures(server, ROOM)).viewers === 0);
	return { all: cores('all'), net: cores('net'), encode: cores('encode'),
		encoders: encoders.length, watched: viewers.length };
}

await enterNamespace();
await runTest(1500, async (test) => {
	const clip = await makeClip(test.folder, { noise: 5, frames: 250, rate: '500k' });
	const server = await startServer(test);
	const few = [], many = [];

	startHeadless(test, server, ROOM, '--mode', 'send', '--count', 4, '--ivf', clip);
	await until('four send', 30000, async () =>
	    (await roomFigures(server, ROOM))?.people === 4);
	for (let i = 0; i < asked('--turns', 3); i++) {
		few.push(await turn(test, server, FEW, asked('--seconds', 20)));
		many.push(await turn(test, server, MANY, asked('--seconds', 20)));
	}
	const more = sum(MANY) - sum(FEW);
	const each = (key) => (mean(many.map((one) => one[key])) -
	    mean(few.map((one) => one[key]))) * 100 / more;
	test.check(many.every(({ encoders, watched }) => encoders <= watched),
	    'no more encoders than renditions watched',
	    many.map(({ encoders, watched }) => `${encoders} for ${watched}`).join(', '));
	test.check(each('all') <= PERCENT, `one more viewer costs at most ${PERCENT} % of a core`,
	    `${each('all').toFixed(2)} %, ${each('net').toFixed(2)} % of it in the net thread, ` +
	    `${each('encode').toFixed(2)} % in encoders`);
});
