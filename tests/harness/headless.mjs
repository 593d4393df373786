/*
 * tessera-peer of the build as a client: as many as wanted in one process, and their figures.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildFolder } from './server.mjs';

class Headless {
	/* Each line of its report, as numbers by name; at_ms: when it came (performance.now()). */
	figures = [];
	/* Likewise what --probe-delay says of the skew. */
	skews = [];
	errors = '';
	#child;
	#rest = '';

	constructor(server, room, options) {
		this.#child = spawn(path.join(buildFolder(), 'tessera-peer'),
		    ['--join', `${server.public}/${room}`, '--report', ...options.map(String)],
		    { stdio: ['ignore', 'pipe', 'pipe'] });
		this.#child.stdout.on('data', (text) => this.#read(text));
		this.#child.stderr.on('data', (text) => { this.errors += text; });
		/* What it ended with. */
		this.over = new Promise((done) => {
			this.#child.on('close', (code, signal) => done(signal ?? code));
		});
	}

	get pid() {
		return this.#child.pid;
	}

	#read(text) {
		const lines = (this.#rest + text).split('\n');

		this.#rest = lines.pop();
		for (const line of lines) {
			const [, skew, rest] = /^(skew )?(t_ms=.*)/.exec(line) ?? [];
			if (!rest)
				continue;
			const pairs = rest.split(' ').map((pair) => pair.split('='));
			const figures = pairs.map(([name, value]) => [name, Number(value)]);
			(skew ? this.skews : this.figures).push(Object.assign(
			    Object.fromEntries(figures), { at_ms: performance.now() }));
		}
	}

	/* The latest figures of peer `number`. */
	last(number = 0) {
		return this.figures.filter(({ peer }) => peer === number).at(-1) ?? {};
	}

	/* Leaves as a person does; resolves when it has. */
	leave() {
		this.#child.kill('SIGTERM');
		return this.over;
	}

	/* Is gone without a word. */
	kill() {
		this.#child.kill('SIGKILL');
		return this.over;
	}
}

/* Starts one; it is ended with the test. `options`: of tessera-peer. */
export function startHeadless(test, server, room, ...options) {
	const headless = new Headless(server, room, options);

	test.atEnd(() => headless.kill());
	return headless;
}
