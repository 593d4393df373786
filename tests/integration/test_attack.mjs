// A stranger on the path forges and replays somebody's SRTP, from his own address and by another
// process; and a viewer asks for key frames all the time.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 120
//
// A small attack unless told otherwise: TESSERA_ATTACK=1000000 is the number of packets of each
// kind. The rates are only told: they depend on what else the machine does.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { makeClip } from '../harness/clip.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { buildFolder, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'siege';
const COUNT = Number(process.env.TESSERA_ATTACK ?? 20000), PER_SECOND = 50000;
const PORTS = [40000, 40099];		/* of the rooms */
const PLIS = 1000, STORM_MS = 10000, ATTACKS_MAX = 10;
const SECONDS = 100 + 4 * COUNT / PER_SECOND;
const figure = (name) => `tessera_room_${name}{room="${ROOM}"}`;
const netSeconds = `tessera_room_cpu_seconds_total{room="${ROOM}",stage="net"}`;

/* Resolves with what it printed, as numbers by name. */
function attack(kind) {
	return new Promise((resolve, reject) => {
		const child = spawn(path.join(buildFolder(), 'tests/harness/attacker'),
		    [...PORTS, kind, COUNT, PER_SECOND].map(String),
		    { stdio: ['ignore', 'pipe', 'inherit'] });
		let output = '';

		child.stdout.on('data', (text) => { output += text; });
		child.on('error', reject);
		child.on('close', (code) => {
			if (code)
				reject(new Error(`the attacker ends with ${code}`));
			resolve(Object.fromEntries(output.trim().split(' ').map((pair) => {
				const [name, value] = pair.split('=');
				return [name, Number(value)];
			})));
		});
	});
}

const rate = ({ bytes, ms }) => bytes * 8000 / ms;

/* What a peer got in the meantime. */
function between(before, after) {
	return {
		ms: after.t_ms - before.t_ms, sound: after.audio_packets - before.audio_packets,
		bytes: after.video_bytes - before.video_bytes,
		keys: after.keyframes - before.keyframes, frames: after.frames - before.frames,
	};
}

/* The reports of the next `ms`, the first and the last of them. */
async function span(peer, ms) {
	const before = peer.last();

	await until('a report', ms + 30000, () => peer.last().t_ms - before.t_ms >= ms);
	return between(before, peer.last());
}

async function checkAttack(test, server, kind, victim, listener) {
	const before = await server.metrics();
	const reports = listener.figures.length;
	const bad = (name, metrics) => metrics.get(figure(name)) ?? 0;
	const badSince = (now) => bad('packets_bad_total', now) - bad('packets_bad_total', before);
	let done, refused, attacks = 0;

	/* A room that is off the processor meanwhile has room for few of them in its socket. */
	do {
		const told = badSince(await server.metrics());
		done = await attack(kind);
		attacks++;
		refused = await until('the room tells', 10000, async () => {
			const now = await server.metrics();
			return badSince(now) > told && now;
		});
	} while (badSince(refused) <= COUNT / 2 && attacks < ATTACKS_MAX);
	const count = badSince(refused);
	const gap = Math.max(...listener.figures.slice(reports).map((one) => one.audio_gap_ms), 0);
	const net = refused.get(netSeconds) - before.get(netSeconds);

	test.check(count > COUNT / 2, `${kind} packets of another process are refused`,
	    `${attacks} times ${done.sent} at ${done.pps} a second, ${count} came and were ` +
	    `refused, net thread ${(net * 1e6 / count).toFixed(2)} us each; ` +
	    `longest pause of the sound ${gap} ms`);
	const then = victim.last().audio_packets;
	await until('the victim goes on hearing', 15000, () =>
		victim.last().audio_packets > then + 50);
	test.check(victim.last().connected === 1 && victim.last().joins === 1 &&
	    victim.last().failures === 0, 'the call lives');
}

async function checkStorm(test, server, listener) {
	const calm = await span(listener, STORM_MS);
	const keysBefore = (await server.metrics()).get(figure('keyframes_encoded_total'));
	const storm = startHeadless(test, server, ROOM, '--mode', 'watch', '--plis', PLIS);

	await until('the storm begins', 20000, () => storm.last().connected === 1);
	const start = performance.now();
	const wild = await span(listener, STORM_MS);
	await pause(1500);
	const made = (await server.metrics()).get(figure('keyframes_encoded_total')) - keysBefore;
	const most = (performance.now() - start) / 1000 + 2;
	test.check(wild.keys > 0 && made <= most,
	    `${PLIS} PLIs a second: no more than a key frame a second`,
	    `${wild.keys} in ${wild.ms} ms, made ${made}`);
	const change = (rate(wild) / rate(calm) - 1) * 100;
	test.note(`the other viewer: ${(rate(calm) / 1000).toFixed(0)} kbit/s before, ` +
	    `${(rate(wild) / 1000).toFixed(0)} then: ${change.toFixed(1)} %, ` +
	    `${(wild.frames * 1000 / wild.ms).toFixed(1)} pictures a second`);
	test.check(wild.frames > STORM_MS / 1000, 'who watches beside it gets his pictures',
	    `${wild.frames}, before ${calm.frames}`);
	await storm.leave();
}

await enterNamespace();
await runTest(SECONDS, async (test) => {
	const clip = await makeClip(test.folder, { fps: 15, noise: 20, frames: 45, rate: '1M' });
	const server = await startServer(test, 'announce_addresses: ["127.0.0.1"]\n');
	const victim = startHeadless(test, server, ROOM, '--tone', 440, '--ivf', clip);
	const listener = startHeadless(test, server, ROOM, '--mode', 'watch');

	await until('both are there', 30000, () => victim.last().connected === 1 &&
	    listener.last().frames > 0 && listener.last().audio_packets > 25);
	await checkStorm(test, server, listener);
	for (const kind of ['forged', 'replayed'])
		await checkAttack(test, server, kind, victim, listener);
	const { joins, failures, audio_lost: lost } = listener.last();
	test.check(lost === 0 && joins === 1 && failures === 0,
	    'who listens has missed no packet of sound', `${lost} of ` +
	    `${listener.last().audio_packets}`);
	const room = await server.room(ROOM);
	test.check(room.people === 1 && room.watchers === 1, 'nobody was put out');
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
