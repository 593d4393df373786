// Seventy people come and go at random: nothing of them is left behind. timeout: 360
// SPDX-License-Identifier: GPL-3.0-or-later
import { readdir, readFile } from 'node:fs/promises';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'revolving-door';
const PEOPLE = 70, WARM = 20, AT_ONCE = 4;
const KILL_EACH = 7;		/* the process of every so manieth dies */
const GROWTH_KIB = 2048;
const SETTLE_MS = 15000;

/* Chance that a failure can be repeated with: TEST_SEED. */
function chance(seed) {
	let state = seed >>> 0;

	return (below) => {
		state = Math.imul(state, 1664525) + 1013904223 >>> 0;
		return state / 2 ** 32 * below;
	};
}

async function residentKib(pid) {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');

	return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}

async function openFiles(pid) {
	return (await readdir(`/proc/${pid}/fd`)).length;
}

/* UDP ports in use in this namespace, but for those of the peers, who choose theirs. */
async function roomPorts(server) {
	const table = await readFile('/proc/net/udp', 'utf8');
	const ports = table.split('\n').slice(1).map((line) =>
		parseInt(/: \w+:(\w{4}) /.exec(line)?.[1] ?? '0', 16));

	return ports.filter((port) => port >= 40000 && port < 40100).length;
}

function workerOf(server) {
	return Number(new RegExp(`room ${ROOM}: opens in process (\\d+)`).exec(server.log)[1]);
}

const ways = [
	['--mode', 'both'], ['--mode', 'both', '--no-video'], ['--mode', 'send'],
	['--mode', 'watch'],
];

/* One comes in some way, stays for a while, and leaves in some way; `rude`: its process dies. */
async function comeAndGo(test, server, random, rude) {
	const peer = startHeadless(test, server, ROOM, ...ways[Math.floor(random(ways.length))],
	    '--size', '160x90', '--fps', 5, '--kbps', 60);
	const stay = 300 + random(2000);

	await until('a peer connects', 30000, () => peer.last().connected === 1);
	await pause(stay);
	await (rude ? peer.kill() : peer.leave());
}

await enterNamespace();
await runTest(355, async (test) => {
	const server = await startServer(test);
	const before = { files: await openFiles(server.pid), ports: await roomPorts(server) };
	const resident = startHeadless(test, server, ROOM, '--size', '160x90', '--fps', 5);
	const seed = Number(process.env.TEST_SEED ?? Date.now() % 1e6);
	const random = chance(seed);
	const running = new Set();
	let killed = 0, warm;

	test.note(`TEST_SEED=${seed}`);
	await until('the first one is in', 20000, () => resident.last().connected === 1);
	const worker = workerOf(server);
	/*
	 * Like is held against like: who was killed is kept for a minute, with 0.2 MiB, and the
	 * encoders of who left for 10 s, with some more. How many these are is chance.
	 */
	const measure = async () => {
		await Promise.all(running);
		const { participants } = await server.room(ROOM);
		test.note(`${participants.length - 1} are still kept: ` +
		    `${await residentKib(worker)} KiB`);
		await until('the others are forgotten', 90000, async () =>
		    (await server.room(ROOM)).participants.length === 1);
		await pause(1000);
		return {
			worker: await residentKib(worker), tesserad: await residentKib(server.pid),
			files: await openFiles(worker),
		};
	};

	for (let i = 1; i <= PEOPLE; i++) {
		const rude = i % KILL_EACH === 0;
		const one = comeAndGo(test, server, random, rude).then(() => {
			running.delete(one);
		});
		killed += rude;
		running.add(one);
		if (running.size >= AT_ONCE)
			await Promise.race(running);
		if (i === WARM)
			warm = await measure();
	}
	const end = await measure();
	const joined = new RegExp(`room ${ROOM}: \\w{8} joins as`, 'g');
	const joins = (server.log.match(joined) ?? []).length;
	test.check(joins === PEOPLE + 1, 'seventy people came and went',
	    `${joins - 1} joins, ${killed} of them killed`);
	for (const what of ['worker', 'tesserad'])
		test.check(end[what] - warm[what] <= GROWTH_KIB,
		    `memory of ${what}: no more than 2 MiB between the 20th and the 70th`,
		    `${warm[what]} KiB, then ${end[what]} KiB: ${end[what] - warm[what]}`);
	test.check(end.files === warm.files, 'the room has the descriptors that it had',
	    `${warm.files}, ${end.files}`);
	test.check(resident.last().joins === 1 && resident.last().failures === 0,
	    'who stayed noticed nothing');

	await resident.leave();
	await pause(SETTLE_MS);
	const after = { files: await openFiles(server.pid), ports: await roomPorts(server) };
	test.check(after.files <= before.files && after.ports === before.ports,
	    '15 s after the last one left: descriptors and ports as before',
	    `${JSON.stringify(before)}, ${JSON.stringify(after)}`);
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
