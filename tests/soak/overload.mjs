#!/usr/bin/env node
// More load than the machine carries: sound stays whole, pictures become fewer and come back, and
// newcomers are turned away before it hurts.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/overload.mjs [--senders 40]
//
// Not part of `make check`: it wants a machine for itself and all of it. First people with 720p
// come one after the other until somebody is turned away; then all of them at once.
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'crowd';
const CALM_MS = 8000, LOAD_MS = 30000, STEP_MS = 1500;
/* Of the pictures in calm: what is less, and what is as before. */
const FEWER = 0.7, AS_BEFORE = 0.9;
/* The ladder waits 40 s at most before it climbs. */
const RECOVERS_MS = 90000;

function sendersAsked() {
	const at = process.argv.indexOf('--senders');

	return at < 0 ? 40 : Number(process.argv[at + 1]);
}

/* 720p that moves, with noise: what a good camera sends. */
async function makeClip(folder) {
	const clip = path.join(folder, 'clip.ivf');

	await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i',
	    'mandelbrot=s=1280x720:r=25', '-vf', 'noise=alls=8:allf=t,format=yuv420p',
	    '-frames:v', '50', '-c:v', 'libvpx', '-b:v', '2M', '-deadline', 'realtime',
	    '-cpu-used', '-8', '-g', '1000', '-auto-alt-ref', '0', '-lag-in-frames', '0', clip]);
	return clip;
}

function request(server, method, where, body = '') {
	return new Promise((resolve, reject) => {
		const headers = { 'content-length': Buffer.byteLength(body) };

		if (body)
			headers['content-type'] = 'application/sdp';
		const asked = http.request(`${server.public}${where}`,
		    { method, agent: false, headers }, (response) => {
			let text = '';
			response.on('data', (part) => { text += part; });
			response.on('end', () => resolve({ status: response.statusCode, text,
				headers: response.headers }));
		});
		asked.on('error', reject);
		asked.end(body);
	});
}

/* Somebody knocks, and does not stay. */
async function knock(server, offer) {
	const answer = await request(server, 'POST', `/v1/rooms/${ROOM}/join?name=Newcomer`, offer);

	if (answer.status === 201)
		await request(server, 'DELETE', answer.headers.location);
	return answer;
}

/* Pictures a second of who watches, over the last `ms`. */
function pictures(watcher, ms) {
	const last = watcher.last();
	const first = watcher.figures.findLast(({ t_ms: t }) => t <= last.t_ms - ms) ??
	    watcher.figures[0];

	return (last.frames - first.frames) * 1000 / (last.t_ms - first.t_ms);
}

/* What has become of sound since the report number `from`. */
function sound(people, from) {
	const lost = people.map(({ last }) => last.audio_lost);

	return { lost: lost.reduce((sum, one) => sum + one, 0),
		gap_ms: Math.max(...people.flatMap(({ peer }) =>
			peer.figures.slice(from).map((one) => one.audio_gap_ms))) };
}

async function coresOf(server, ms) {
	const used = async () => [...await server.metrics()]
		.filter(([key]) => key.startsWith('tessera_room_cpu_seconds_total'))
		.reduce((sum, [, seconds]) => sum + seconds, 0);
	const before = await used();

	await pause(ms);
	return (await used() - before) * 1000 / ms;
}

class Stage {
	constructor(test, server, offer, clip) {
		Object.assign(this, { test, server, offer, clip });
		this.talker = startHeadless(test, server, ROOM, '--tone', 440, '--fps', 25);
		this.watcher = startHeadless(test, server, ROOM, '--mode', 'watch');
	}

	sound(from) {
		return sound([this.talker, this.watcher].map((peer) =>
			({ peer, last: peer.last() })), from);
	}

	sender(count, stagger) {
		return startHeadless(this.test, this.server, ROOM, '--mode', 'send',
		    '--count', count, '--stagger', stagger, '--ivf', this.clip);
	}

	async people() {
		return (await this.server.room(ROOM)).people;
	}
}

/* One after the other, until somebody is turned away. */
async function checkRamp(stage, senders, calmFps) {
	const { test, watcher } = stage;
	const from = Math.min(stage.talker.figures.length, watcher.figures.length);
	const came = [];
	let fps = calmFps, refused = null;

	while (came.length < senders && !refused) {
		fps = pictures(watcher, 4000);
		came.push(stage.sender(1, 10));
		await pause(STEP_MS);
		const answer = await knock(stage.server, stage.offer);
		if (answer.status === 503)
			refused = answer;
	}
	const cores = await coresOf(stage.server, 4000);
	const { lost, gap_ms: gap } = stage.sound(from);
	test.check(refused && JSON.parse(refused.text).detail && refused.headers['retry-after'],
	    'as people come one by one, somebody is turned away with words',
	    `after ${came.length} senders of 720p, ${cores.toFixed(2)} of ${os.cpus().length} ` +
	    `cores: ${refused?.text}`);
	test.check(lost === 0, 'until then sound is whole', `longest pause ${gap} ms`);
	test.check(fps >= calmFps * AS_BEFORE, 'and nobody has fewer pictures',
	    `${fps.toFixed(1)} a second before the last one came, ${calmFps.toFixed(1)} in calm`);
	await Promise.all(came.map((peer) => peer.leave()));
}

/* All at once, before the server can know what they cost. */
async function checkBurst(stage, senders, calmFps) {
	const { test, watcher, server } = stage;
	const from = Math.min(stage.talker.figures.length, watcher.figures.length);
	const crowd = stage.sender(senders, 10);
	const start = performance.now();
	const rates = [], statuses = [];

	while (performance.now() - start < LOAD_MS) {
		await pause(2000);
		rates.push(pictures(watcher, 2000));
		statuses.push((await knock(server, stage.offer)).status);
	}
	const cores = await coresOf(server, 4000);
	const people = await stage.people();
	const { lost, gap_ms: gap } = stage.sound(from);
	const least = Math.min(...rates);
	test.note(`${people} people, ${cores.toFixed(2)} cores; pictures a second: ` +
	    rates.map((rate) => rate.toFixed(0)).join(' '));
	test.note(`who knocks gets ${statuses.join(' ')}`);
	test.check(lost === 0, 'all at once: sound is whole', `longest pause ${gap} ms`);
	test.check(least < calmFps * FEWER, 'pictures become fewer',
	    `${least.toFixed(1)} a second at least`);
	test.check(statuses.at(-1) === 503, 'newcomers are turned away');
	await crowd.leave();
}

async function checkRecovery(stage, calmFps) {
	const { test, watcher, server } = stage;
	const start = performance.now();

	await until('pictures are back', RECOVERS_MS, () =>
		pictures(watcher, 2000) >= calmFps * AS_BEFORE, 500);
	const backMs = performance.now() - start;
	const { status } = await until('newcomers are welcome', 15000, async () => {
		const answer = await knock(server, stage.offer);
		return answer.status === 201 && answer;
	}, 500);
	test.check(status === 201, 'when the load ends all is as before',
	    `pictures after ${(backMs / 1000).toFixed(1)} s`);
}

await enterNamespace();
await runTest(600, async (test) => {
	const senders = sendersAsked();
	const clip = await makeClip(test.folder);
	const offer = await readFile(
	    new URL('../data/offers/chromium_sendrecv.sdp', import.meta.url), 'utf8');
	const server = await startServer(test);
	const stage = new Stage(test, server, offer, clip);
	const { talker, watcher } = stage;

	await until('two are there', 30000, () => talker.last().connected === 1 &&
	    watcher.last().frames > 0);
	await pause(CALM_MS + 2000);
	const calmFps = pictures(watcher, CALM_MS);
	test.note(`in calm: ${calmFps.toFixed(1)} pictures a second`);
	await checkRamp(stage, senders, calmFps);
	await until('the ramp is gone', 30000, async () => await stage.people() === 1);
	await pause(CALM_MS);
	await checkBurst(stage, senders, calmFps);
	await checkRecovery(stage, calmFps);
	test.check([talker, watcher].every((peer) => peer.last().joins === 1 &&
	    peer.last().failures === 0), 'who was there stayed all the time');
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
