#!/usr/bin/env node
// More load than the machine carries: sound stays whole, pictures become fewer and come back, and
// newcomers are turned away before it hurts.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/overload.mjs [--senders 40] [--burners N] [--seconds 30]
//
// Not part of `make check`: it wants a machine for itself and all of it. Three loads in turn, each
// of them twice what the processors can do or more:
//   burners   programs of other sessions that burn time at the priority of tesserad
//   ramp      people with 720p come one by one until somebody is turned away
//   crowd     as many as that at once, before the server can know what they cost
// Who was there before is measured, on clients that have what they need, as if on machines of
// their own (this takes root). Within 10 s of the end of each load all must be as before.
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import os from 'node:os';
import { makeClip } from '../harness/clip.mjs';
import { CLIENT_NICE, enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';
import { asked } from './asked.mjs';

const ROOM = 'crowd';
const CALM_MS = 8000, STEP_MS = 1500, LOOK_MS = 1000;
/* Of the pictures in calm: what is less, and what is as before. */
const FEWER = 0.7, AS_BEFORE = 0.9;
const RECOVERS_MS = 10000, GAP_MS = 40;
const CLIENTS_NICE = -15;	/* beside the threads of sound */

function request(server, method, where, body = '') {
	return new Promise((resolve, reject) => {
		const headers = { 'content-length': Buffer.byteLength(body) };

		if (body)
			headers['content-type'] = 'application/sdp';
		const asking = http.request(`${server.public}${where}`,
		    { method, agent: false, headers }, (response) => {
			let text = '';
			response.on('data', (part) => { text += part; });
			response.on('end', () => resolve({ status: response.statusCode, text,
				headers: response.headers }));
		});
		asking.on('error', reject);
		asking.end(body);
	});
}

class Stage {
	constructor(test, server, offer, clips) {
		Object.assign(this, { test, server, offer, clips });
		/* Two talk, four only show themselves; all watch, as does one more. */
		this.people = startHeadless(test, server, ROOM, '--count', 6, '--talk', 2,
		    '--ivf', clips.small);
		this.watcher = startHeadless(test, server, ROOM, '--mode', 'watch');
		for (const peer of [this.people, this.watcher])
			os.setPriority(peer.pid, CLIENTS_NICE);
	}

	/* Somebody knocks, and does not stay. */
	async knock() {
		const answer = await request(this.server, 'POST',
		    `/v1/rooms/${ROOM}/join?name=Newcomer`, this.offer);

		if (answer.status === 201)
			await request(this.server, 'DELETE', answer.headers.location);
		return answer;
	}

	/* Pictures a second of who watches, over the last `ms`. */
	pictures(ms) {
		const { figures } = this.watcher;
		const last = figures.at(-1);
		const first = figures.findLast(({ t_ms: t }) => t <= last.t_ms - ms) ?? figures[0];

		return (last.frames - first.frames) * 1000 / (last.t_ms - first.t_ms);
	}

	async figures() {
		const metrics = await this.server.metrics();
		const of = (name, labels = '') =>
			metrics.get(`tessera_room_${name}{room="${ROOM}"${labels}}`) ?? 0;
		const cpu = [...metrics].filter(([key]) =>
			key.startsWith('tessera_room_cpu_seconds_total'));

		return { at_ms: performance.now(), step: of('load_step'), still: of('still'),
			late: of('audio_late_ticks_total'), concealed: of('audio_concealed_total'),
			large: of('rendition_viewers', ',codec="VP8",rung="0"'),
			cores: cpu.reduce((sum, [, seconds]) => sum + seconds, 0) };
	}

	/* What has become of sound since the reports of `from`. */
	sound(from) {
		const reports = [...this.people.figures.slice(from.people),
			...this.watcher.figures.slice(from.watcher)];
		const gaps = reports.map((one) => one.audio_gap_ms).sort((a, b) => a - b);
		const lost = [0, 1, 2, 3, 4, 5].map((i) => this.people.last(i).audio_lost);

		return { lost: lost.reduce((sum, one) => sum + one, this.watcher.last().audio_lost),
			worst: gaps.at(-1) ?? 0, median: gaps[gaps.length >> 1] ?? 0,
			above: gaps.filter((gap) => gap > GAP_MS).length, count: gaps.length };
	}

	now() {
		return { people: this.people.figures.length, watcher: this.watcher.figures.length };
	}

	heads() {
		return this.server.room(ROOM).then(({ people }) => people);
	}
}

const coresBetween = (from, to) => (to.cores - from.cores) * 1000 / (to.at_ms - from.at_ms);

/* A program that takes all it can get, in a session of its own, as a service has. */
function startBurner(test) {
	const child = spawn('nice', [`--adjustment=-${CLIENT_NICE}`, 'bash', '-c',
	    'while :; do :; done'], { detached: true, stdio: 'ignore' });
	const kill = () => child.kill('SIGKILL');

	test.atEnd(kill);
	return kill;
}

/* Watches for `ms`, or until enough(); each second one look. */
async function watch(stage, ms, enough = () => false) {
	const start = performance.now();
	const first = await stage.figures();
	const looks = [];

	while (performance.now() - start < ms && !enough(looks.at(-1))) {
		await pause(LOOK_MS);
		const [figures, { status, text, headers }] = await Promise.all([stage.figures(),
			stage.knock()]);
		looks.push({ ...figures, status, text, headers, fps: stage.pictures(2000) });
	}
	const last = looks.at(-1);
	const { test } = stage;
	const cores = coresBetween(first, last);
	test.note(`pictures a second ${looks.map(({ fps }) => fps.toFixed(0)).join(' ')}`);
	test.note(`steps             ${looks.map(({ step }) => step).join(' ')}`);
	test.note(`who knocks        ${looks.map(({ status }) => status).join(' ')}`);
	test.note(`the room used ${cores.toFixed(2)} cores; ${last.late - first.late} ticks of ` +
	    `sound over 10 ms late; ${last.concealed - first.concealed} frames of sound made up; ` +
	    `${last.still} stood still`);
	return looks;
}

function checkSound(stage, from, when) {
	const { lost, worst, median, above, count } = stage.sound(from);

	stage.test.check(lost === stage.lost, `${when}: no packet of sound is missing`, lost);
	stage.lost = lost;
	stage.test.check(worst <= GAP_MS, `${when}: no pause of the sound above ${GAP_MS} ms`,
	    `${worst} ms, median of seconds ${median} ms, ${above} of ${count} above`);
}

async function checkRecovery(stage, calm, when) {
	const { test } = stage;
	const start = performance.now();
	const took = {};
	const back = async () => {
		const [figures, { status }] = await Promise.all([stage.figures(), stage.knock()]);
		const now = ((performance.now() - start) / 1000).toFixed(1);

		if (stage.pictures(1000) >= calm.fps * AS_BEFORE)
			took.pictures ??= now;
		if (figures.step === 0 && figures.large >= calm.large)
			took.size ??= now;
		if (status === 201)
			took.newcomers ??= now;
		return took.pictures && took.size && took.newcomers;
	};

	await until('all is as before', 90000, back, 250).catch(() => {});
	test.check(['pictures', 'size', 'newcomers'].every((what) =>
		took[what] * 1000 <= RECOVERS_MS), `${when}: all is as before within 10 s`,
	Object.entries(took).map(([what, s]) => `${what} ${s} s`).join(', '));
}

async function checkBurners(stage, calm, burners, ms) {
	const { test } = stage;
	const from = stage.now();
	const kills = Array.from({ length: burners }, () => startBurner(test));
	const looks = await watch(stage, ms);

	checkSound(stage, from, 'burners');
	const least = Math.min(...looks.map(({ fps }) => fps));
	test.check(least < calm.fps * FEWER, 'burners: pictures become fewer',
	    `${least.toFixed(1)} a second at least, ${calm.fps.toFixed(1)} in calm`);
	test.check(looks.at(-1).status === 503, 'burners: newcomers are turned away');
	for (const kill of kills)
		kill();
	await checkRecovery(stage, calm, 'burners');
}

/* One after the other, until somebody is turned away. */
async function checkRamp(stage, calm, senders) {
	const { test } = stage;
	const from = stage.now();
	const crowd = startHeadless(test, stage.server, ROOM, '--mode', 'send', '--count', senders,
	    '--stagger', STEP_MS, '--ivf', stage.clips.large);
	const looks = await watch(stage, (senders + 10) * STEP_MS,
	    (look) => look?.status === 503);
	const people = await stage.heads();
	const refused = looks.at(-1);

	test.check(refused.status === 503 && JSON.parse(refused.text).detail &&
	    refused.headers['retry-after'],
	'ramp: as people come one by one, somebody is turned away with words',
	`with ${people} people: ${refused.text}`);
	checkSound(stage, from, 'ramp');
	const before = looks.slice(0, -3).map(({ fps }) => fps);
	test.check(Math.min(...before) >= calm.fps * AS_BEFORE,
	    'ramp: until 3 s before that nobody had fewer pictures',
	    `${Math.min(...before).toFixed(1)} a second, ${calm.fps.toFixed(1)} in calm`);
	await crowd.leave();
	await checkRecovery(stage, calm, 'ramp');
}

/* All at once, before the server can know what they cost. */
async function checkCrowd(stage, calm, senders, ms) {
	const { test } = stage;
	const from = stage.now();
	const crowd = startHeadless(test, stage.server, ROOM, '--mode', 'send', '--count', senders,
	    '--stagger', 10, '--ivf', stage.clips.large);
	const looks = await watch(stage, ms);
	const people = await stage.heads();

	test.note(`${people} people`);
	checkSound(stage, from, 'crowd');
	test.check(looks.at(-1).status === 503, 'crowd: newcomers are turned away');
	await crowd.leave();
	await checkRecovery(stage, calm, 'crowd');
}

await enterNamespace();
await runTest(900, async (test) => {
	const senders = asked('--senders', 40), ms = 1000 * asked('--seconds', 30);
	/* So many that a fair share of the processors is less than the room needs. */
	const burners = asked('--burners', 4 * os.cpus().length);
	const film = { noise: 8, frames: 50, speed: 8 };
	const clips = {
		small: await makeClip(test.folder, { ...film, rate: '500k' }),
		large: await makeClip(test.folder, { ...film, name: 'large', size: '1280x720',
			rate: '2M' }),
	};
	const offer = await readFile(
	    new URL('../data/offers/chromium_sendrecv.sdp', import.meta.url), 'utf8');
	const server = await startServer(test, 'cpu_limit_percent: 85\n');
	const stage = new Stage(test, server, offer, clips);

	await until('all are there', 30000, () => stage.watcher.last().frames > 0 &&
	    [0, 1, 2, 3, 4, 5].every((i) => stage.people.last(i).connected === 1));
	await pause(3000);
	const from = stage.now();
	const before = await stage.figures();
	await pause(CALM_MS);
	const figures = await stage.figures();
	const calm = { ...figures, fps: stage.pictures(CALM_MS) };
	stage.lost = stage.sound(from).lost;
	test.note(`in calm: ${calm.fps.toFixed(1)} pictures a second, ${calm.large} of 720p, ` +
	    `${coresBetween(before, figures).toFixed(2)} of ${os.cpus().length} cores, ` +
	    `longest pause of the sound ${stage.sound(from).worst} ms`);
	if (burners)
		await checkBurners(stage, calm, burners, ms);
	if (senders) {
		await pause(CALM_MS);
		await checkRamp(stage, calm, senders);
		await pause(CALM_MS);
		await checkCrowd(stage, calm, senders, ms);
	}
	const all = [...[0, 1, 2, 3, 4, 5].map((i) => stage.people.last(i)), stage.watcher.last()];
	test.check(all.every(({ joins, failures }) => joins === 1 && failures === 0),
	    'who was there stayed all the time');
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
