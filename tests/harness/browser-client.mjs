/*
 * WebRTC clients in headless Chromium and Firefox, with the methods of process-client.mjs.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Their page (peer.html) comes from a small web server here, which passes everything under /v1,
 * /whip and /whep on to the server under test, so that page and server have one origin.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { until } from './tap.mjs';

const files = {
	'/peer.html': 'text/html; charset=utf-8',
	'/peer.js': 'text/javascript; charset=utf-8',
	'/meter.mjs': 'text/javascript; charset=utf-8',
};

const chromiumArguments = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync',
	'--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
	'--autoplay-policy=no-user-gesture-required', '--mute-audio',
];

function firefoxPreferences(toneHz) {
	return {
		'media.navigator.streams.fake': true,
		'media.navigator.permission.disabled': true,
		'media.navigator.audio.fake_frequency': toneHz,
		'media.peerconnection.ice.obfuscate_host_addresses': false,
		'media.autoplay.default': 0,
		'media.gmp-manager.updateEnabled': false,
		'media.gmp-provider.enabled': false,
		'toolkit.telemetry.enabled': false,
		'datareporting.policy.dataSubmissionEnabled': false,
		'browser.safebrowsing.malware.enabled': false,
		'browser.safebrowsing.phishing.enabled': false,
		'browser.safebrowsing.downloads.remote.enabled': false,
		'services.settings.server': 'data:,',
		'network.captive-portal-service.enabled': false,
		'network.connectivity-service.enabled': false,
		'app.update.auto': false,
	};
}

/* ---- the page's origin --------------------------------------------------------------- */

function passOn(request, response, server) {
	const onward = http.request(new URL(request.url, server), {
		method: request.method,
		headers: { ...request.headers, host: new URL(server).host },
	}, (answer) => {
		response.writeHead(answer.statusCode, answer.headers);
		response.flushHeaders();
		answer.pipe(response);
		answer.on('close', () => response.destroy());
	});
	onward.on('error', () => response.destroy());
	response.on('close', () => onward.destroy());
	request.pipe(onward);
}

async function serveFile(request, response) {
	const type = files[request.url];

	if (!type) {
		response.writeHead(404).end();
		return;
	}
	const body = await readFile(new URL(`.${request.url}`, import.meta.url));
	response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

/* Serves the page; the rest goes to `server` (http://address:port). Returns its origin. */
export async function servePeerPage(test, server) {
	const origin = http.createServer((request, response) => {
		if (/^\/(v1|whip|whep)\//.test(request.url))
			passOn(request, response, server);
		else
			serveFile(request, response).catch(() => response.destroy());
	});
	const sockets = new Set();

	origin.on('connection', (socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
	});
	origin.listen(0, '127.0.0.1');
	await once(origin, 'listening');
	test.atEnd(() => {
		origin.close();
		for (const socket of sockets)
			socket.destroy();
	});
	return `http://127.0.0.1:${origin.address().port}`;
}

/* ---- browsers ------------------------------------------------------------------------ */

/* `sound`: a WAV file that the microphone of Chromium plays. */
export async function startBrowser(test, kind, toneHz = 1000, sound = '') {
	const home = await mkdtemp(path.join(test.folder, `${kind}-`));
	const browser = await puppeteer.launch(kind === 'firefox' ? {
		browser: 'firefox',
		executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
		headless: true,
		userDataDir: path.join(home, 'profile'),
		extraPrefsFirefox: firefoxPreferences(toneHz),
		env: { PATH: process.env.PATH, HOME: home, MOZ_HEADLESS: '1' },
		timeout: 60000,
	} : {
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		headless: true,
		pipe: true,
		userDataDir: path.join(home, 'profile'),
		args: sound ? [...chromiumArguments, `--use-file-for-fake-audio-capture=${sound}`] :
			chromiumArguments,
		env: { PATH: process.env.PATH, HOME: home },
		timeout: 60000,
	});

	test.atEnd(async () => {
		browser.process().kill('SIGKILL');
		await until(`${kind} ends`, 10000, () => browser.process().exitCode !== null ||
		    browser.process().signalCode !== null);
	});
	return browser;
}

/* Decodes any sound file that ffmpeg can read to 48 kHz mono samples. */
async function decode(bytes, file) {
	await writeFile(file, bytes);
	const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', file, '-f', 's16le', '-ac', '1',
	    '-ar', '48000', 'pipe:1'], { stdio: ['ignore', 'pipe', 'ignore'] });
	const parts = [];

	for await (const part of ffmpeg.stdout)
		parts.push(part);
	const pcm = Buffer.concat(parts);
	return Int16Array.from({ length: pcm.length >> 1 }, (_, i) => pcm.readInt16LE(2 * i));
}

let recordings = 0;

class BrowserClient {
	constructor(kind, browser, page, folder) {
		Object.assign(this, { kind, browser, page, folder, log: '' });
		page.on('console', (message) => { this.log += `${message.text()}\n`; });
		page.on('pageerror', (error) => { this.log += `${error}\n`; });
	}

	/*
	 * As in client-wrtc.mjs, but the path alone of `url` counts. `listen`: reads the events.
	 * `codecs`: for video these alone, as in peer.js. `size`, `layers`: as in client-wrtc.mjs.
	 */
	join({ url, ...options }) {
		return this.page.evaluate((given) => peer.join(given), {
			url: new URL(url).pathname,
			fakeMicrophone: this.kind === 'firefox',
			...options,
		});
	}

	watching(limitMs = 15000) {
		return until(`${this.kind} decodes a picture`, limitMs, async () => {
			const { framesDecoded, width } = await this.stats();
			return framesDecoded > 0 && width > 0;
		}, 100);
	}

	stats() {
		return this.page.evaluate(() => peer.stats());
	}

	skew() {
		return this.page.evaluate(() => peer.skew());
	}

	look(points) {
		return this.page.evaluate((given) => peer.look(given), points);
	}

	async record(ms) {
		const sound = await this.page.evaluate((given) => peer.record(given), ms);

		return decode(Buffer.from(sound, 'base64'),
		    path.join(this.folder, `${this.kind}-${++recordings}.sound`));
	}

	measure() {
		return this.page.evaluate(() => peer.measure());
	}

	measured() {
		return this.page.evaluate(() => peer.measured());
	}

	leave() {
		return this.page.evaluate(() => peer.leave());
	}

	/* Sends another of the agreed video codecs from now on. */
	sendCodec(name) {
		return this.page.evaluate((given) => peer.sendCodec(given), name);
	}

	/* As in peer.js. */
	activate(rids) {
		return this.page.evaluate((given) => peer.activate(given), rids);
	}

	repaint(colour) {
		return this.page.evaluate((given) => peer.repaint(given), colour);
	}

	/* The tab is closed, as a person closes it. */
	closePage() {
		return this.page.close();
	}

	kill() {
		this.browser.process().kill('SIGKILL');
	}
}

/* Starts 'chromium' or 'firefox' on the page; Firefox can play the tone `toneHz` only. */
export async function startBrowserClient(test, kind, origin, toneHz = 1000) {
	const browser = await startBrowser(test, kind, toneHz);
	const page = await browser.newPage();

	await page.goto(`${origin}/peer.html`);
	return new BrowserClient(kind, browser, page, test.folder);
}

/* Keeps the page's connections where a test finds them: window.connections, newest last. */
function keepConnections() {
	const Real = window.RTCPeerConnection;

	window.connections = [];
	window.RTCPeerConnection = class extends Real {
		constructor(...options) {
			super(...options);
			window.connections.push(this);
		}
	};
}

/*
 * Joins a room by its page, in a browser of its own; its connections are window.connections.
 * `sound` as in startBrowser.
 */
export async function joinByPage(test, kind, url, name, sound = '') {
	const browser = await startBrowser(test, kind, 1000, sound);
	const page = await browser.newPage();

	await page.evaluateOnNewDocument(keepConnections);
	await visitRoom(page, url);
	await page.type('#name', name);
	await page.click('#join');
	await page.waitForSelector('body[data-screen="meeting"][data-phase="here"]',
	    { timeout: 20000 });
	return page;
}

/*
 * Opens a room's page and waits for what comes before joining. A browser that has just been
 * started and shows nothing for 15 s is asked once more, and that is said.
 */
export async function visitRoom(page, url) {
	const ready = () => page.waitForSelector('body[data-screen="prejoin"]', { timeout: 15000 });

	await page.goto(url);
	try {
		await ready();
	} catch (error) {
		const seen = await page.evaluate(() => document.body?.dataset.screen ?? 'nothing');
		console.log(`# ${url} shows ${seen} (${error.message}), once more`);
		await page.reload();
		await ready();
	}
}
