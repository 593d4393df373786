/*
 * Drives a WebRTC client that is a process of its own and speaks lines of JSON: client-wrtc.mjs
 * (libwebrtc by @roamhq/wrtc) and client_aiortc.py.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All clients, browsers too, have the same methods; see client-wrtc.mjs for what they take:
 *   join(options) watching(limitMs) look(points) stats() record(ms) leave() kill()
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { until } from './tap.mjs';

const programs = {
	wrtc: [process.execPath, 'client-wrtc.mjs'],
	aiortc: ['/usr/bin/python3', 'client_aiortc.py'],
};
let recordings = 0;

class ProcessClient {
	#child;
	#waiting = new Map();
	#serial = 0;
	#folder;
	#exit;
	log = '';

	constructor(kind, folder) {
		const [program, script] = programs[kind];

		this.kind = kind;
		this.#folder = folder;
		this.#child = spawn(program,
		    [fileURLToPath(new URL(script, import.meta.url))],
		    { stdio: ['pipe', 'pipe', 'pipe'] });
		this.#child.stderr.on('data', (text) => {
			this.log = (this.log + text).slice(-20000);
		});
		this.#child.stdin.on('error', () => {});
		createInterface({ input: this.#child.stdout })
		    .on('line', (line) => this.#answer(line));
		this.#exit = new Promise((resolve) => this.#child.on('exit', resolve));
		this.#exit.then((code) => {
			for (const { reject } of this.#waiting.values())
				reject(new Error(`${kind} client ended (${code}): ${this.log}`));
			this.#waiting.clear();
		});
	}

	get pid() {
		return this.#child.pid;
	}

	#answer(line) {
		if (!line.startsWith('{')) {
			this.log += `${line}\n`;
			return;
		}
		const { id, value, error } = JSON.parse(line);
		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		if (error === undefined)
			waiting?.resolve(value);
		else
			waiting?.reject(new Error(`${this.kind}: ${error}`));
	}

	ask(command, options = {}) {
		const id = ++this.#serial;

		return new Promise((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
			this.#child.stdin.write(`${JSON.stringify({ id, command, ...options })}\n`);
		});
	}

	/* The line up, of an event `quality`. */
	follow(up) {
		return this.ask('follow', { up });
	}

	join(options) {
		return this.ask('join', options);
	}

	/* Waits for the first picture. */
	watching(limitMs = 15000) {
		return until(`${this.kind} decodes a picture`, limitMs,
		    async () => (await this.stats()).framesDecoded > 0, 100);
	}

	stats() {
		return this.ask('stats');
	}

	look(points) {
		return this.ask('look', { points });
	}

	/* Sound of the next `ms`: Int16Array, 48 kHz, mono. */
	async record(ms) {
		const file = path.join(this.#folder, `${this.kind}-${++recordings}.pcm`);

		await this.ask('record', { ms, file });
		const bytes = await readFile(file);
		return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
	}

	measure(options = {}) {
		return this.ask('measure', options);
	}

	measured() {
		return this.ask('measured');
	}

	leave() {
		return this.ask('leave');
	}

	/* The process is gone at once, without a word to anybody. */
	async kill() {
		this.#child.kill('SIGKILL');
		await this.#exit;
	}
}

/* Starts one; it is ended with the test. kind: 'wrtc' or 'aiortc'. */
export function startProcessClient(test, kind) {
	const client = new ProcessClient(kind, test.folder);

	test.atEnd(() => client.kill());
	return client;
}
