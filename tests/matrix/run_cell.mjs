/*
 * Runs one cell of the matrix: a server, people on good lines, and one behind a bad one.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { palette } from '../harness/analyse.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { wallClock } from '../harness/meter.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { steer } from '../harness/relay.mjs';
import { buildFolder } from '../harness/server.mjs';
import { pause, until } from '../harness/tap.mjs';

const JOIN_MS = 30000;

/*
 * A film with noise, as cameras have: it fills any rate that it is given. A talking head drawn by
 * tessera-peer would not, and no line would be thin for it.
 */
function filmOf(folder) {
	const film = path.join(folder, 'matrix-film.ivf');

	if (!existsSync(film)) {
		const half = `${film}.${process.pid}`;
		mkdirSync(folder, { recursive: true });
		const made = spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i',
			'mandelbrot=s=640x360:r=25:start_scale=0.6:end_scale=0.2:end_pts=250',
			'-vf', 'noise=alls=5:allf=t,format=yuv420p', '-frames:v', '150',
			'-c:v', 'libvpx', '-b:v', '600k', '-deadline', 'realtime',
			'-cpu-used', '-6',
			'-g', '150', '-auto-alt-ref', '0', '-lag-in-frames', '0',
			'-error-resilient', '1', '-f', 'ivf', half],
		{ stdio: ['ignore', 'inherit', 'inherit'] });
		if (made.status !== 0)
			throw new Error('ffmpeg makes no film');
		renameSync(half, film);
	}
	return film;
}

/* wrtc, chromium or firefox, and where it joins. */
async function startClient(test, kind, origin) {
	if (kind === 'wrtc')
		return { client: startProcessClient(test, 'wrtc'), origin };
	const page = await servePeerPage(test, origin);
	return { client: await startBrowserClient(test, kind, page, 700), origin: page };
}

/* What the server counts for the room, each second. */
function watchServer(server, room) {
	const rows = [];
	const look = async () => {
		const metrics = await server.metrics();
		const of = (name) => metrics.get(`tessera_room_${name}{room="${room}"}`) ?? 0;
		rows.push({
			at: wallClock(), concealed: of('audio_concealed_total'),
			decoded: of('frames_decoded_total'), encoded: of('frames_encoded_total'),
			keys: of('keyframes_encoded_total'), encoders: of('video_encoders'),
			resent: of('resent_total'), late: of('audio_late_ticks_total'),
		});
	};
	const timer = setInterval(() => look().catch(() => {}), 1000);

	return { rows, stop: () => clearInterval(timer) };
}

/* The steps of the cell, each at its time; says when they were. */
async function takeSteps(cell, relay, seconds) {
	const begin = wallClock();
	const taken = [];

	for (const step of cell.steps ?? []) {
		await pause(begin + step.at * 1000 - wallClock());
		relay.say(step.say);
		taken.push({ ...step, at_ms: wallClock() });
	}
	await pause(begin + seconds * 1000 - wallClock());
	return { begin, end: wallClock(), steps: taken };
}

/* Two people on good lines: one talks, both move. */
function startPeople(test, server, room) {
	return startHeadless(test, server, room, '--count', 2, '--talk', 1, '--ivf',
	    filmOf(buildFolder()));
}

async function startListener(test, server, room, participant) {
	const listener = startProcessClient(test, 'wrtc');
	const { session } = await listener.join({
		url: `${server.public}/v1/rooms/${room}/join`, name: 'Listener',
	});
	const stream = await EventStream.open(`${session}/events`);

	test.atEnd(() => stream.close());
	await until('the tile of who is behind the bad line', JOIN_MS,
	    () => stream.tileOf(participant));
	await listener.watching(JOIN_MS);
	return { listener, tile: stream.tileOf(participant) };
}

/*
 * Everything that was seen of a cell, which figures.mjs makes figures of; decoded(), the pictures
 * that came over the bad line so far; and leave(), which ends all of it but the server. `options`:
 * seed, seconds of warmUp and of measuring, client ('wrtc', 'chromium', 'firefox').
 */
export async function runCell(test, server, cell, options) {
	const { seed = 1, warmUp = 10, client: kind = 'wrtc' } = options;
	const seconds = cell.seconds ?? options.seconds ?? 60;
	const room = `cell-${cell.name}`;
	const steered = await steer(test, server, { seed, up: cell.up, down: cell.down });
	const { client, origin } = await startClient(test, kind, steered.origin);

	/* Of who sends over a bad line the server must hear and see nothing else. */
	const people = cell.way === 'down' ? startPeople(test, server, room) : null;
	const began = wallClock();
	const { session, participant } = await client.join({
		url: `${origin}/v1/rooms/${room}/join`, name: 'Weak line',
		colour: palette.blue, toneHz: kind === 'wrtc' ? 'speech' : 700,
	});
	const events = await EventStream.open(`${new URL(session, origin).href}/events`);
	test.atEnd(() => events.close());
	if (kind === 'wrtc')
		events.onquality = ({ up }) => client.follow(up).catch((error) =>
			test.note(`${kind} does not follow: ${error.message}`));
	let watched = client, tile;
	if (cell.way === 'up') {
		const found = await startListener(test, server, room, participant);
		({ listener: watched, tile } = found);
	} else {
		await client.watching(JOIN_MS).catch(() => {});
	}
	const joined = wallClock() - began;
	await pause(warmUp * 1000);
	const { relay } = steered;
	relay.say('reset');
	const firstReport = relay.reports.length;
	const counts = watchServer(server, room);
	await watched.measure({ tile });
	if (watched !== client)
		await client.measure();
	const times = await takeSteps(cell, relay, seconds);
	const own = watched === client ? null : await client.measured();
	const seen = await watched.measured();
	const line = await relay.report();
	counts.stop();
	const leave = async () => {
		relay.kill();
		await Promise.all([people?.kill(), client.kill(), watched.kill()]);
	};
	const decoded = async () => cell.way === 'up' ?
		server.metric(`tessera_room_frames_decoded_total{room="${room}"}`) :
		(await client.stats()).framesDecoded;
	return {
		leave, decoded,
		name: cell.name, way: cell.way, rateKbps: cell.rateKbps, kind, seed, seconds,
		joined, ...times, seen, own, line, server: counts.rows,
		/* The relay's clock is this process's. */
		reports: relay.reports.slice(firstReport).map(({ at_ms, ...others }) =>
			({ at: performance.timeOrigin + at_ms, ...others })),
		quality: events.events.filter(({ event }) => event === 'quality').map(
		    ({ data, at_ms }) => ({ at: performance.timeOrigin + at_ms, ...data })),
	};
}
