#!/usr/bin/env node
// A meeting that goes on while people come and go, and what it costs in memory and descriptors.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/soak.mjs [--minutes 60]
//
// Not part of `make check`: it takes as long as it is told. Prints a sample each 10 s as key=value,
// and at its end what grew, after ten minutes (a third of the time, when it is shorter).
import http from 'node:http';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { enterNamespace } from '../harness/namespace.mjs';
import { EventStream } from '../harness/events.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'soak', SECOND_ROOM = 'visitors';
const SAMPLE_MS = 10000, WARM_MS = 600000;
const SLOPE_MIB_PER_HOUR = 1;
/* A line through a shorter time says more of chance than of leaks. */
const JUDGED_MS = 20 * 60000;
const KILL_EACH = 6;		/* visits to the second room, of which one kills its process */
const small = ['--size', '160x90', '--fps', 5, '--kbps', 60];

/* Small pictures: what is looked for does not depend on their size. */
const configuration = `video:
  width: 640
  height: 360
  fps: 10
  kbps: 300
`;

function minutesAsked() {
	const at = process.argv.indexOf('--minutes');
	const minutes = at < 0 ? 60 : Number(process.argv[at + 1]);

	if (!(minutes >= 1))
		throw new Error('--minutes takes a number from 1');
	return minutes;
}

function chance(below) {
	return Math.floor(Math.random() * below);
}

/* ---- what a process holds ---------------------------------------------------------------- */

/* UDP sockets of a process have ports of their own. */
async function portsOf(pid, links) {
	const udp = new Set();

	for (const table of ['udp', 'udp6']) {
		const lines = (await readFile(`/proc/${pid}/net/${table}`, 'utf8')).split('\n');
		for (const line of lines.slice(1))
			udp.add(`socket:[${line.trim().split(/\s+/)[9]}]`);
	}
	return links.filter((link) => udp.has(link)).length;
}

async function holds(pid) {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	const files = await readdir(`/proc/${pid}/fd`);
	const links = await Promise.all(files.map((name) =>
		readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
	const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
	const times = stat.slice(stat.lastIndexOf(')') + 2).split(' ');

	return {
		rss_kib: number('VmRSS'), anon_kib: number('RssAnon'), files: files.length,
		threads: number('Threads'), udp: await portsOf(pid, links),
		cpu_s: (Number(times[11]) + Number(times[12])) / 100,
	};
}

/* Mebibytes an hour, by least squares. */
function slope(samples, of) {
	const t = samples.map(({ ms }) => ms / 3600000);
	const y = samples.map((sample) => of(sample) / 1024);
	const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
	const [t0, y0] = [mean(t), mean(y)];
	const up = t.reduce((sum, value, i) => sum + (value - t0) * (y[i] - y0), 0);
	const down = t.reduce((sum, value) => sum + (value - t0) ** 2, 0);

	return down ? up / down : 0;
}

/* ---- coming and going -------------------------------------------------------------------- */

const ways = [
	['--mode', 'both', '--rebind-after', 2], ['--mode', 'both', '--h264'],
	['--mode', 'both', '--no-video'], ['--mode', 'send', '--restart-every', 2],
	['--mode', 'watch', '--rebind-after', 1], ['--mode', 'watch', '--h264'],
];

async function comeAndGo(test, server, counts) {
	const peer = startHeadless(test, server, ROOM, ...ways[chance(ways.length)], ...small);

	await until('a peer connects', 60000, () => peer.last().connected === 1);
	counts.joins++;
	await pause(1000 + chance(6000));
	const rude = chance(4) === 0;
	counts.killed += rude;
	await (rude ? peer.kill() : peer.leave());
}

/* The process that has the room now. */
function openedIn(server, room) {
	const opened = [...server.log.matchAll(
		new RegExp(`room ${room}: opens in process (\\d+)`, 'g'))];

	return Number(opened.at(-1)[1]);
}

/* Two meet elsewhere; the room ends after them, and now and then under them. */
async function visit(test, server, counts) {
	const peers = startHeadless(test, server, SECOND_ROOM, '--count', 2, '--stay', ...small);
	const here = (joins) => [0, 1].every((n) =>
		peers.last(n).connected === 1 && peers.last(n).joins >= joins);

	await until('two visitors', 60000, () => here(1));
	counts.visits++;
	if (counts.visits % KILL_EACH === 0) {
		process.kill(openedIn(server, SECOND_ROOM), 'SIGKILL');
		counts.deaths++;
		await until('the visitors are back', 60000, () => here(2));
	}
	await pause(5000);
	await peers.leave();
}

function request(server, method, path, headers = {}, body = '') {
	return new Promise((resolve, reject) => {
		const asked = http.request(`${server.public}${path}`, { method, agent: false,
			headers: { 'content-length': Buffer.byteLength(body), ...headers } },
		(response) => {
			response.resume();
			response.on('end', () => resolve(response));
		});
		asked.on('error', reject);
		asked.end(body);
	});
}

const sdp = { 'content-type': 'application/sdp' };
const fragment = { 'content-type': 'application/trickle-ice-sdpfrag' };
const join = `/v1/rooms/${ROOM}/join`;

/* [status, method, path, headers, body] */
function wrongRequests(offer, deaf) {
	return [
		[422, 'POST', join, sdp, 'v=0\r\nno offer\r\n'],
		[422, 'POST', join, sdp, deaf],
		[415, 'POST', join, { 'content-type': 'text/plain' }, offer],
		[404, 'POST', '/v1/rooms/healthz/join', sdp, offer],
		[404, 'POST', '/v1/rooms/NO_ROOM/join', sdp, offer],
		[413, 'POST', join, sdp, 'a'.repeat(70000)],
		[405, 'PUT', join, sdp, offer],
		[404, 'DELETE', '/v1/sessions/nobody-has-this-name'],
		[404, 'PATCH', '/v1/sessions/nobody-has-this-name', fragment, 'a=x\r\n'],
	];
}

async function askWrongly(server, wrong, counts) {
	for (const [status, method, path, headers, body] of wrong) {
		const { statusCode } = await request(server, method, path, headers,
		    body);
		if (statusCode !== status)
			throw new Error(`${method} ${path}: ${statusCode}, not ${status}`);
		counts.refused++;
	}
}

/* Who joins and never connects: PATCHes, right and wrong ones, events, a goodbye or none. */
async function askAlone(server, offer, counts) {
	const { statusCode, headers } = await request(server, 'POST', join, sdp, offer);

	if (statusCode !== 201)
		throw new Error(`a join is answered by ${statusCode}`);
	const path = headers.location;
	const restart = 'a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghabcdefghabcdefgh\r\n';
	const stream = await EventStream.open(`${server.public}${path}/events`);
	for (const [status, match] of [[428, {}], [412, { 'if-match': '"another"' }],
		[200, { 'if-match': headers.etag }], [204, { 'if-match': '*' }]]) {
		const { statusCode: got } = await request(server, 'PATCH', path,
		    { ...fragment, ...match }, restart);
		if (got !== status)
			throw new Error(`PATCH: ${got}, not ${status}`);
		counts.patches++;
	}
	stream.close();
	if (chance(2))
		await request(server, 'DELETE', path);
}

/* Does `what` again and again until `over()`; what it throws is a failed check. */
async function repeat(test, name, over, everyMs, what) {
	try {
		while (!over()) {
			await what();
			await pause(everyMs / 2 + chance(everyMs));
		}
	} catch (error) {
		test.check(false, `${name} goes on`, error.message);
	}
}

/* ---- the judgement ----------------------------------------------------------------------- */

function judge(test, who, samples, judged) {
	const rate = slope(samples, (sample) => sample[who].rss_kib);
	const anon = slope(samples, (sample) => sample[who].anon_kib);
	const first = samples.slice(0, Math.ceil(samples.length / 3));
	const last = samples.slice(-first.length);
	const cpu = (samples.at(-1)[who].cpu_s - samples[0][who].cpu_s) * 1000 /
	    (samples.at(-1).ms - samples[0].ms);
	const words = `${rate.toFixed(3)} MiB/h, ${anon.toFixed(3)} of it no file, from ` +
	    `${samples[0][who].rss_kib} to ${samples.at(-1)[who].rss_kib} KiB, ` +
	    `${cpu.toFixed(3)} core`;

	if (judged)
		test.check(rate < SLOPE_MIB_PER_HOUR, `${who}: memory grows by less than 1 MiB/h`,
		    words);
	else
		test.note(`${who}: ${words}; too short a time to judge that`);
	for (const what of ['files', 'threads', 'udp']) {
		const [before, after] = [first, last].map((some) =>
			Math.min(...some.map((sample) => sample[who][what])));
		test.check(after <= before, `${who}: no more ${what} at the end`,
		    `${before} at least, then ${after}`);
	}
}

await enterNamespace();
const minutes = minutesAsked();
await runTest(minutes * 60 + 300, async (test) => {
	const server = await startServer(test, configuration);
	const [offer, deaf] = await Promise.all(['sendrecv', 'no_opus_audio'].map((name) =>
		readFile(new URL(`../data/offers/chromium_${name}.sdp`, import.meta.url), 'utf8')));
	const wrong = wrongRequests(offer, deaf);
	const residents = [
		startHeadless(test, server, ROOM, '--count', 2, '--size', '320x180', '--fps', 10,
		    '--kbps', 150, '--restart-every', 47),
		startHeadless(test, server, ROOM, '--h264', '--size', '320x180', '--fps', 10,
		    '--kbps', 150, '--rebind-after', 30),
		startHeadless(test, server, ROOM, '--mode', 'watch'),
	];
	const counts = { joins: 0, killed: 0, visits: 0, deaths: 0, refused: 0, patches: 0 };
	const everybody = () => residents.flatMap((peers, i) =>
		(i ? [0] : [0, 1]).map((n) => peers.last(n)));

	await until('the residents are in', 60000, () =>
		everybody().every(({ connected }) => connected === 1));
	const worker = openedIn(server, ROOM);
	const start = performance.now(), span = minutes * 60000;
	const over = () => performance.now() - start >= span;
	const warm = Math.min(WARM_MS, span / 3);
	const samples = [];
	const churn = [
		repeat(test, 'one who comes and goes', over, 3000, () =>
			comeAndGo(test, server, counts)),
		repeat(test, 'another one', over, 5000, () => comeAndGo(test, server, counts)),
		repeat(test, 'a second room', over, 20000, () => visit(test, server, counts)),
		repeat(test, 'asking wrongly', over, 4000, () =>
			askWrongly(server, wrong, counts)),
		repeat(test, 'who never connects', over, 7000, () =>
			askAlone(server, offer, counts)),
	];

	while (!over()) {
		await pause(SAMPLE_MS);
		const sample = { ms: performance.now() - start };
		for (const [who, pid] of [['tesserad', server.pid], ['room', worker]]) {
			sample[who] = await holds(pid);
			console.log(`# t_s=${Math.round(sample.ms / 1000)} who=${who} ` +
			    Object.entries(sample[who]).map((pair) => pair.join('=')).join(' '));
		}
		samples.push(sample);
	}
	await Promise.all(churn);
	test.note(Object.entries(counts).map((pair) => pair.join('=')).join(' '));
	const settled = samples.filter(({ ms }) => ms >= warm);
	for (const who of ['tesserad', 'room'])
		judge(test, who, settled, span - warm >= JUDGED_MS);
	test.check(everybody().every(({ joins, failures }) => joins === 1 && failures === 0),
	    'who stayed was in one call all the time',
	    residents.map(({ errors }) => errors).join(' '));
	const { restarts } = residents[0].last();
	test.check(restarts > 0 && residents[1].last().rebinds === 1,
	    'over ICE restarts and a change of address', `${restarts} restarts`);
	const died = await server.metric('tessera_workers_died_total');
	test.check(died === counts.deaths, 'no process died but those that were killed',
	    `${died} died, ${counts.deaths} killed`);
});
