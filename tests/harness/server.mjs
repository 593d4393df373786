/*
 * The real tesserad of the build, with a configuration of the test's own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs inside the namespace of the test, so its ports are always free. A crash, a line of a
 * sanitizer or an end that is not clean fails the test, also when all its own checks are good.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { CLIENT_NICE } from './namespace.mjs';
import { until } from './tap.mjs';

const PUBLIC_PORT = 8080, ADMIN_PORT = 8081;
const LOG_MAX = 1 << 20;
const sanitizer = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:/;

/*
 * The defaults, but for where it keeps its certificate, and that it lets in whoever comes: that
 * this machine is busy with other things says nothing of the server.
 */
function configuration(folder, extra) {
	const limit = extra.includes('cpu_limit_percent') ? '' : 'cpu_limit_percent: 100\n';

	return `state_dir: "${folder}/state"\n${limit}${extra}`;
}

/* The folder that holds the programs under test. */
export function buildFolder() {
	const top = fileURLToPath(new URL('../..', import.meta.url));
	const folder = process.env.builddir ?? path.join(top, 'build');

	if (!existsSync(path.join(folder, 'tesserad')))
		throw new Error(`no tesserad in ${folder}: build first, or set builddir`);
	return folder;
}

class Server {
	log = '';
	public = `http://127.0.0.1:${PUBLIC_PORT}`;
	admin = `http://127.0.0.1:${ADMIN_PORT}`;
	#child;
	#ended = null;		/* {code, signal} */

	constructor(config) {
		/* Without the right to go up again nice says so, and runs it all the same. */
		this.#child = spawn('nice', [`--adjustment=-${CLIENT_NICE}`,
		    path.join(buildFolder(), 'tesserad'), '--config', config],
		    { stdio: ['ignore', 'pipe', 'pipe'] });
		for (const output of [this.#child.stdout, this.#child.stderr]) {
			output.on('data', (text) => {
				this.log = (this.log + text).slice(-LOG_MAX);
			});
		}
		this.#child.on('error', (error) => { this.#ended = { code: error.message }; });
		this.#child.on('exit', (code, signal) => { this.#ended = { code, signal }; });
	}

	get pid() {
		return this.#child.pid;
	}

	get running() {
		return this.#ended === null;
	}

	/* Processes of tessera-room under this tesserad, spares too. */
	async workers() {
		const found = [];

		for (const name of await readdir('/proc')) {
			if (!/^\d+$/.test(name))
				continue;
			const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
			const [, state, parent] = /\) (\S) (\d+) /.exec(stat) ?? [];
			if (Number(parent) === this.pid && state !== 'Z')
				found.push(Number(name));
		}
		return found;
	}

	async #answers(url) {
		try {
			return (await fetch(url)).status === 200;
		} catch {
			return false;
		}
	}

	async ready() {
		await until('tesserad is ready', 15000, async () => {
			if (!this.running)
				throw new Error(`tesserad ended at its start:\n${this.log}`);
			return await this.#answers(`${this.public}/healthz`) &&
			    await this.#answers(`${this.admin}/readyz`);
		});
	}

	/* All of /metrics: 'name{label="value"}' to number. */
	async metrics() {
		const text = await (await fetch(`${this.admin}/metrics`)).text();
		const found = new Map();

		for (const line of text.split('\n')) {
			const [, key, value] = /^([a-z]\S*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
			if (key)
				found.set(key, Number(value));
		}
		return found;
	}

	async metric(key) {
		return (await this.metrics()).get(key);
	}

	/* null when there is no such room. */
	async room(name) {
		const response = await fetch(`${this.admin}/v1/rooms/${name}`);

		return response.status === 200 ? response.json() : null;
	}

	async rooms() {
		return (await (await fetch(`${this.admin}/v1/rooms`)).json()).rooms;
	}

	/* SIGTERM, and what must hold at the end. */
	async stop(test) {
		const crashed = !this.running;

		this.#child.kill('SIGTERM');
		await until('tesserad ends on SIGTERM', 10000, () => !this.running).catch(() => {});
		if (this.running)
			this.#child.kill('SIGKILL');
		const { code, signal } = this.#ended ?? { signal: 'SIGKILL' };
		const clean = !crashed && code === 0 && !sanitizer.test(this.log);
		test.check(clean, 'tesserad lived to the end and ended cleanly on SIGTERM',
		    crashed ? `it had ended before: ${signal ?? code}` : signal ?? code);
		if (!clean)
			test.note(this.log.slice(-8000));
	}
}

/* Starts it and waits until it is ready; it is stopped with the test. `extra`: YAML lines. */
export async function startServer(test, extra = '', publicUrl = '') {
	const config = path.join(test.folder, 'tesserad.yaml');

	await writeFile(config, configuration(test.folder, extra));
	const server = new Server(config);
	server.public = publicUrl || server.public;
	test.atEnd(() => server.stop(test));
	await server.ready();
	return server;
}

/* Frames that the room's rendition has emitted, as the room last said. */
export async function framesEncoded(server, room) {
	return (await roomFigures(server, room)).framesEncoded;
}

/* What is encoded and watched in one room: lists of {codec, rung, count}. */
export async function renditions(server, room) {
	const metrics = await server.metrics();
	const list = (name) => [...metrics].flatMap(([key, count]) => {
		const found = key.match(
		    /^tessera_room_rendition_(\w+)\{room="(.+)",codec="(\w+)",rung="(\d)"\}$/);
		return found?.[1] === name && found[2] === room ?
		    [{ codec: found[3], rung: Number(found[4]), count }] : [];
	});

	return { encoders: list('encoders'), viewers: list('viewers') };
}

/* In words; rungs are numbered from 0, the largest. */
export const renditionWords = (list) => list.map(({ codec, rung, count }) =>
	`${count}: ${codec} rung ${rung}`).join(', ');

/* The figures of one room in /metrics. */
export async function roomFigures(server, room) {
	const metrics = await server.metrics();
	const of = (name) => metrics.get(`tessera_room_${name}{room="${room}"}`);

	return {
		framesEncoded: of('frames_encoded_total'),
		viewers: of('video_viewers'),
		videoEncoders: of('video_encoders'),
		audioEncoders: of('audio_encoders'),
		people: of('participants'),
		decoders: of('video_decoders'),
		framesDecoded: of('frames_decoded_total'),
		streams: of('video_streams'),
		streamsDecoded: of('video_streams_decoded'),
		pixelsDecoded: of('video_pixels_decoded'),
	};
}
