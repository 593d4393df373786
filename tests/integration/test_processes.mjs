// A room is a process of its own, confined, and only it dies of what happens in it.
// SPDX-License-Identifier: GPL-3.0-or-later
import { readdir, readFile, readlink } from 'node:fs/promises';
import { enterNamespace } from '../harness/namespace.mjs';
import { palette } from '../harness/analyse.mjs';
import { EventStream } from '../harness/events.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const SURVIVOR = 'quiet-room', VICTIM = 'loud-room';
const FRAMES = 30;

async function openFiles(pid) {
	const numbers = await readdir(`/proc/${pid}/fd`);

	return Promise.all(numbers.map((number) =>
		readlink(`/proc/${pid}/fd/${number}`).catch(() => '')));
}

/* What the kernel says of a process, once it has had the time to start. */
async function checkConfined(test, pid, words) {
	let status = '';
	const value = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);

	await until(`${words} to be locked down`, 10000, async () => {
		status = await readFile(`/proc/${pid}/status`, 'utf8');
		return value('Seccomp') === 2;
	}).catch(() => {});

	test.check(value('Seccomp') === 2 && value('NoNewPrivs') === 1,
	    `${words} runs under a seccomp filter and may gain no rights`,
	    `Seccomp ${value('Seccomp')}, NoNewPrivs ${value('NoNewPrivs')}`);
	const opened = (await openFiles(pid)).filter((target) =>
		target.startsWith('/') && target !== '/dev/null');
	test.check(!opened.length, `${words} holds no file`, opened.join(' '));
	const streams = await Promise.all([0, 1, 2].map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));
	test.check(streams.every((target) => target === '/dev/null'),
	    `${words} has no stream of tesserad`, streams.join(' '));
}

async function joinRoom(server, client, room) {
	const { answer, session } = await client.join({
		url: `${server.public}/v1/rooms/${room}/join`, name: room,
		colour: palette.green, toneHz: 500,
	});
	await client.watching();
	const pid = await workerOnPort(server, Number(/^m=audio (\d+)/m.exec(answer)[1]));
	return { pid, session };
}

/* The worker that holds the UDP socket of this port. */
async function workerOnPort(server, port) {
	const table = await readFile('/proc/net/udp', 'utf8');
	const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
	const inodes = table.split('\n').filter((line) => line.slice(0, 22).includes(local))
		.map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`);

	for (const pid of await server.workers()) {
		if ((await openFiles(pid)).some((target) => inodes.includes(target)))
			return pid;
	}
	throw new Error(`no worker holds port ${port}`);
}

/* Waits for so many frames; returns the seconds that they took. */
async function secondsOf(client, frames) {
	const before = (await client.stats()).framesDecoded, start = performance.now();

	await until(`${frames} frames`, 30000, async () =>
		(await client.stats()).framesDecoded >= before + frames);
	return (performance.now() - start) / 1000;
}

async function checkKilledWorker(test, server) {
	const [survivor, victim] = ['wrtc', 'wrtc'].map((kind) => startProcessClient(test, kind));
	const survivors = await joinRoom(server, survivor, SURVIVOR);
	const victims = await joinRoom(server, victim, VICTIM);

	test.check(survivors.pid !== victims.pid, 'each room is a process of its own',
	    `${survivors.pid} and ${victims.pid}`);
	await checkConfined(test, victims.pid, 'a room');
	const stream = await EventStream.open(`${victims.session}/events`);
	test.atEnd(() => stream.close());
	process.kill(victims.pid, 'SIGKILL');
	const seconds = await secondsOf(survivor, FRAMES);
	test.check(true, 'kill -9 of one room: the pictures of another go on',
	    `${FRAMES} frames in the ${seconds.toFixed(1)} s after`);
	await until('the killed room is empty', 5000, async () =>
	    (await server.rooms()).find(({ name }) => name === VICTIM)?.people === 0);
	test.check(server.running, 'tesserad lives, and keeps the room open for those in it');
	test.check(stream.ended === 'room-failed', 'the people in it are told', stream.ended);

	const again = startProcessClient(test, 'wrtc');
	const fresh = await joinRoom(server, again, VICTIM);
	test.check(fresh.pid !== victims.pid, 'who comes then meets in a new process',
	    fresh.pid);
}

await enterNamespace();
await runTest(100, async (test) => {
	const server = await startServer(test);
	const [spare] = await server.workers();
	await checkConfined(test, spare, 'a spare');
	await checkKilledWorker(test, server);
});
