/*
 * A bad line between clients and the server: udprelay of the build, and who leads clients to it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * steer() gives an origin that passes all requests on to the server, and puts the relay's address
 * into the answers that come back. Whoever joins by that origin, page or program, has the bad line
 * and knows nothing of it; others of the same room join by the server itself. The relay is started
 * by the first answer, which names the room's port.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { address, CLIENT_NICE } from './namespace.mjs';
import { buildFolder } from './server.mjs';
import { until } from './tap.mjs';

const KEPT = 20000;		/* reports */

class Relay {
	/* Each report of udprelay (see its --help), and at_ms, when it came (performance.now()). */
	reports = [];
	errors = '';
	host = '';
	port = 0;
	#child;

	constructor(to, { seed = 1, up = '', down = '', everyMs = 100 }) {
		/* It is the line: it must not be late because clients are busy. */
		this.#child = spawn('nice', [`--adjustment=-${CLIENT_NICE}`,
		    path.join(buildFolder(), 'tools', 'udprelay'), '--to', to,
		    '--listen', `${address}:0`, '--control', '--every', String(everyMs),
		    '--seed', String(seed), '--up', up, '--down', down],
		{ stdio: ['pipe', 'pipe', 'pipe'] });
		this.#child.stdin.on('error', () => {});
		this.#child.stderr.on('data', (text) => { this.errors += text; });
		createInterface({ input: this.#child.stdout }).on('line', (line) => {
			const report = JSON.parse(line);
			if (report.listening)
				[this.host, this.port] = report.listening.split(':');
			else if (this.reports.push({ ...report, at_ms: performance.now() }) > KEPT)
				this.reports.shift();
		});
	}

	/* Lines of a script, as of now. */
	say(...lines) {
		this.#child.stdin.write(`${lines.join('\n')}\n`);
	}

	get last() {
		return this.reports.at(-1);
	}

	/* The counts as of now. */
	async report() {
		const seen = this.last;

		this.say('report');
		await until('udprelay reports', 5000, () => this.last !== seen, 5);
		return this.last;
	}

	async started() {
		await until('udprelay listens', 5000, () => {
			if (this.#child.exitCode !== null)
				throw new Error(`udprelay ended: ${this.errors}`);
			return this.port;
		}, 5);
		return this;
	}

	kill() {
		this.#child.kill('SIGKILL');
	}
}

/* An answer, or a fragment of one, with one candidate a section: the relay. */
export function rewriteCandidates(sdp, host, port) {
	let kept = false;

	return sdp.split('\r\n').flatMap((line) => {
		if (line.startsWith('m='))
			kept = false;
		if (!line.startsWith('a=candidate:'))
			return [line];
		if (kept)
			return [];
		kept = true;
		const words = line.split(' ');
		words[4] = host;
		words[5] = port;
		return [words.join(' ')];
	}).join('\r\n');
}

/* Where the room listens, of the address that the tests use. */
function candidateOf(sdp) {
	for (const [, host, port] of sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) /gim)) {
		if (host === address)
			return `${host}:${port}`;
	}
	throw new Error(`no candidate at ${address} in:\n${sdp}`);
}

/* The whole of a stream, as text. */
async function textOf(stream) {
	const parts = [];

	for await (const part of stream)
		parts.push(part);
	return Buffer.concat(parts).toString();
}

class Steered {
	origin = '';
	relay = null;
	/* Requests get nowhere, and are not answered later either. */
	dead = false;
	#starting = null;
	#test;
	#options;

	constructor(test, options) {
		this.#test = test;
		this.#options = options;
	}

	/* The relay to where this answer leads; one for all answers. */
	#relayFor(sdp) {
		this.#starting ??= (async () => {
			const relay = new Relay(candidateOf(sdp), this.#options);
			this.#test.atEnd(() => relay.kill());
			this.relay = await relay.started();
			return relay;
		})();
		return this.#starting;
	}

	async #answer(answer, response) {
		const sdp = await textOf(answer);
		const relay = /^a=candidate:/m.test(sdp) ? await this.#relayFor(sdp) : null;
		const body = relay ? rewriteCandidates(sdp, relay.host, relay.port) : sdp;

		response.writeHead(answer.statusCode,
		    { ...answer.headers, 'content-length': Buffer.byteLength(body) });
		response.end(body);
	}

	passOn(request, response, server) {
		if (this.dead)
			return;
		const onward = http.request(new URL(request.url, server), {
			method: request.method,
			headers: { ...request.headers, host: new URL(server).host },
		}, (answer) => {
			const type = answer.headers['content-type'] ?? '';
			if (/^application\/(sdp|trickle-ice-sdpfrag)/.test(type)) {
				this.#answer(answer, response).catch((error) => {
					this.#test.note(`steering: ${error.message}`);
					response.destroy();
				});
				return;
			}
			response.writeHead(answer.statusCode, answer.headers);
			response.flushHeaders();
			answer.pipe(response);
			answer.on('close', () => response.destroy());
		});
		onward.on('error', () => response.destroy());
		response.on('close', () => onward.destroy());
		request.pipe(onward);
	}
}

/*
 * An origin in front of `server`; `options` of the relay: seed, up, down (words), everyMs. After
 * somebody has joined by it, `.relay` is there. While `.dead` is set, requests get no answer.
 */
export async function steer(test, server, options = {}) {
	const steered = new Steered(test, options);
	const proxy = http.createServer((request, response) => {
		steered.passOn(request, response, server.public);
	});

	proxy.listen(0, '127.0.0.1');
	await once(proxy, 'listening');
	test.atEnd(() => {
		proxy.close();
		proxy.closeAllConnections();
	});
	steered.origin = `http://127.0.0.1:${proxy.address().port}`;
	return steered;
}
