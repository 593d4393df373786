#!/usr/bin/env node
// One viewer on the worst of lines, who asks for key frames all the time, in a room of six: what do
// the other five notice?
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/bad_viewer.mjs [--runs 3] [--seconds 30] [--plis 1000]
//
// Not part of `make check`: its bounds are figures. Runs with and without that viewer in turn, each
// in a new room; medians are compared. His line carries 64 kbit/s down and loses a fifth of all
// packets in both directions. The other five have good lines and pictures that fill any rate. What
// their lines carry is learnt when they come: nothing counts until all five have the largest size.
import { makeClip } from '../harness/clip.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { steer } from '../harness/relay.mjs';
import { renditionWords, renditions, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';
import { asked } from './asked.mjs';

const PEOPLE = 5, SETTLE_MS = 8000;
const RATE_PERCENT = 5, FPS = 1, KEYS = 1;
const LINE = { up: 'loss 20', down: 'loss 20 rate 64' };

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function counts(server, room) {
	const metrics = await server.metrics();
	const of = (name) => metrics.get(`tessera_room_${name}{room="${room}"}`);

	return { keys: of('keyframes_encoded_total'), asked: of('keyframes_asked_total'),
		step: of('load_step') };
}

/* What each of the five got in `ms`, and what the room made. */
async function measure(server, room, people, ms) {
	const numbers = Array.from({ length: PEOPLE }, (_, i) => i);
	const before = numbers.map((i) => people.last(i)), made = await counts(server, room);

	await pause(ms);
	const after = numbers.map((i) => people.last(i)), end = await counts(server, room);
	const each = numbers.map((i) => {
		const s = (after[i].t_ms - before[i].t_ms) / 1000;

		return { kbps: (after[i].video_bytes - before[i].video_bytes) / 125 / s,
			fps: (after[i].frames - before[i].frames) / s,
			keys: (after[i].keyframes - before[i].keyframes) / s,
			lost: after[i].audio_lost - before[i].audio_lost };
	});
	const of = (key) => each.map((one) => one[key]);
	return { kbps: median(of('kbps')), fps: median(of('fps')),
		worstKbps: Math.min(...of('kbps')), worstFps: Math.min(...of('fps')),
		keys: Math.max(...of('keys')), lost: of('lost').reduce((a, b) => a + b),
		made: (end.keys - made.keys) * 1000 / ms,
		asked: (end.asked - made.asked) * 1000 / ms, step: Math.max(made.step, end.step),
		watched: renditionWords((await renditions(server, room)).viewers) };
}

/* How many watch the largest size. */
async function onTop(server, room) {
	const { viewers } = await renditions(server, room);

	return viewers.filter(({ rung }) => rung === 0).reduce((all, { count }) => all + count, 0);
}

async function run(test, server, clip, number, bad) {
	const room = `worst-${number}-${bad ? 'with' : 'without'}`;
	const people = startHeadless(test, server, room, '--count', PEOPLE, '--ivf', clip);
	let viewer = null, line = null;

	await until('five are there', 30000, () => Array.from({ length: PEOPLE }, (_, i) =>
		people.last(i).frames ?? 0).every((frames) => frames > 25));
	await until('all five have the largest size', 60000, async () =>
		await onTop(server, room) === PEOPLE, 500);
	if (bad) {
		line = await steer(test, server, { seed: number, ...LINE });
		viewer = startHeadless(test, { public: line.origin }, room, '--mode', 'watch',
		    '--plis', asked('--plis', 1000), '--stay');
		await until('he is there', 60000, () => viewer.last().connected === 1);
	}
	await pause(SETTLE_MS);
	const figures = await measure(server, room, people, 1000 * asked('--seconds', 30));
	test.note(`${bad ? 'with   ' : 'without'} ` + Object.entries(figures).map(([name, value]) =>
		`${name} ${typeof value === 'number' ? value.toFixed(2) : value}`).join(', '));
	await viewer?.leave();
	await people.leave();
	line?.relay?.kill();
	return figures;
}

await enterNamespace();
await runTest(1200, async (test) => {
	const clip = await makeClip(test.folder, { noise: 20, frames: 100, rate: '1M' });
	const server = await startServer(test);
	const runs = asked('--runs', 3);
	const without = [], wide = [];

	for (let i = 1; i <= runs; i++) {
		without.push(await run(test, server, clip, i, false));
		wide.push(await run(test, server, clip, i, true));
	}
	const of = (list, key) => median(list.map((one) => one[key]));
	const change = (of(wide, 'kbps') / of(without, 'kbps') - 1) * 100;
	test.check(Math.abs(change) <= RATE_PERCENT,
	    `the five keep their bit rate within ${RATE_PERCENT} %`,
	    `${of(without, 'kbps').toFixed(0)} kbit/s without, ${of(wide, 'kbps').toFixed(0)} ` +
	    `with: ${change.toFixed(1)} %`);
	test.check(Math.abs(of(wide, 'fps') - of(without, 'fps')) <= FPS,
	    `and their pictures within ${FPS} a second`,
	    `${of(without, 'fps').toFixed(2)} and ${of(wide, 'fps').toFixed(2)}`);
	test.check(Math.max(...wide.map(({ keys }) => keys)) <= KEYS,
	    'and get no more than a key frame a second', wide.map(({ keys }) =>
		keys.toFixed(2)).join(', '));
	test.check(wide.every(({ lost }) => lost === 0), 'no packet of their sound is missing');
});
