// Other people's WHIP and WHEP clients, as they are. timeout: 180
// SPDX-License-Identifier: GPL-3.0-or-later
//
// whip-whep and @eyevinn/webrtc-player in Chromium, on a page of another origin; simple-whip-client
// and GStreamer's webrtcbin as processes.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { promisify } from 'node:util';
import { address, enterNamespace } from '../harness/namespace.mjs';
import { startBrowser } from '../harness/browser-client.mjs';
import { startGstreamer } from '../harness/gstreamer.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const packages = createRequire(import.meta.url);
const ROOM = 'open-house';

/* ---- libraries on a page of another origin ------------------------------------------- */

/* Files of packages by URL; what is not an ES module gets a require() of its own. */
const scripts = new Map([
	['/whip.js', { file: 'whip-whep/whip.js' }],
	['/whep.js', { file: 'whip-whep/whep.js' }],
	['/player.js', { file: '@eyevinn/webrtc-player' }],
	['/events.js', { file: 'events/' }],
]);

/*
 * A script of the old kind as a module; what it exports is the default. The player asks for its
 * other parts by require(): events it needs, of advertisements and another protocol it only wants
 * to have heard.
 */
function asModule(source, needs = '') {
	return `${needs}const module = { exports: {} };\n((module, exports, require) => {\n` +
	    `${source}\n})(module, module.exports, (what) => what === 'events' ? events : {});\n` +
	    'export default module.exports;\n';
}

async function scriptAt(url) {
	const { file } = scripts.get(url);
	const source = await readFile(file.startsWith('whip-whep') ?
		path.join(path.dirname(packages.resolve('whip-whep/package.json')),
		    path.basename(file)) : packages.resolve(file), 'utf8');

	if (url === '/player.js')
		return asModule(source, "import events from '/events.js';\n");
	return url === '/events.js' ? asModule(source) : source;
}

async function servePage(test) {
	const origin = http.createServer(async (request, response) => {
		if (scripts.has(request.url)) {
			response.setHeader('content-type', 'text/javascript');
			response.end(await scriptAt(request.url));
		} else {
			response.setHeader('content-type', 'text/html');
			response.end('<!doctype html><title>page</title><video muted autoplay>');
		}
	});

	origin.listen(0, '127.0.0.1');
	await once(origin, 'listening');
	test.atEnd(() => origin.close());
	return `http://127.0.0.1:${origin.address().port}`;
}

/* Frames decoded, or sent, by the page's connection. */
function frames(page, type) {
	return page.evaluate(async (wanted) => {
		for (const report of (await window.pc.getStats()).values()) {
			if (report.type === wanted && report.kind === 'video')
				return report.framesDecoded ?? report.framesEncoded ?? 0;
		}
		return 0;
	}, type);
}

async function checkWhipWhep(test, page, base, server) {
	await page.evaluate(async (url) => {
		const { WHIPClient } = await import('/whip.js');
		const devices = navigator.mediaDevices;
		const stream = await devices.getUserMedia({ audio: true, video: true });
		window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
		for (const track of stream.getTracks())
			window.pc.addTransceiver(track, { direction: 'sendonly' });
		window.whip = new WHIPClient();
		await window.whip.publish(window.pc, url, 'a-token');
	}, `${base}/whip/${ROOM}?name=Library`);
	await until('whip-whep sends', 15000, async () => await frames(page, 'outbound-rtp') > 10 &&
	    (await server.room(ROOM))?.participants.some(({ name, state }) =>
	        name === 'Library' && state === 'here'));
	test.check(true, 'whip-whep publishes from another origin, with trickled candidates');

	const tags = await page.evaluate(async () => {
		const before = window.whip.etag;

		await window.whip.restart();
		return [before, window.whip.etag];
	});
	const sent = await frames(page, 'outbound-rtp');
	await until('whip-whep sends on', 10000, async () =>
	    await page.evaluate(() => window.pc.connectionState) === 'connected' &&
	    await frames(page, 'outbound-rtp') > sent + 10);
	test.check(tags[0] !== tags[1] && tags[1], 'whip-whep restarts ICE and goes on', tags);

	const viewer = await page.browser().newPage();
	await viewer.goto(page.url());
	await viewer.evaluate(async (url) => {
		const { WHEPClient } = await import('/whep.js');
		window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
		window.pc.addTransceiver('audio', { direction: 'recvonly' });
		window.pc.addTransceiver('video', { direction: 'recvonly' });
		window.whep = new WHEPClient();
		await window.whep.view(window.pc, url);
	}, `${base}/whep/${ROOM}`);
	await until('whip-whep plays', 15000, async () => await frames(viewer, 'inbound-rtp') > 10);
	test.check(true, 'whip-whep plays the mosaic');
	await viewer.evaluate(() => window.whep.stop());
	await until('the viewer is gone', 3000, async () =>
	    (await server.room(ROOM)).watchers === 0);
	test.check(true, 'whip-whep stops by DELETE');
	await viewer.close();
}

async function checkPlayer(test, browser, origin, base, server) {
	const page = await browser.newPage();

	await page.goto(origin);
	await page.evaluate(async (url) => {
		const { default: { WebRTCPlayer } } = await import('/player.js');
		window.player = new WebRTCPlayer({ video: document.querySelector('video'),
			type: 'whep', iceServers: [] });
		await window.player.load(new URL(url));
	}, `${base}/whep/${ROOM}`);
	await until('webrtc-player plays', 15000, () => page.evaluate(() =>
		document.querySelector('video').videoWidth > 0 &&
		document.querySelector('video').currentTime > 0.5));
	test.check(true, '@eyevinn/webrtc-player plays the mosaic from another origin');
	await page.evaluate(() => window.player.unload());
	await until('the player is gone', 3000, async () =>
	    (await server.room(ROOM)).watchers === 0);
	test.check(true, '@eyevinn/webrtc-player leaves by DELETE');
	await page.close();
}

/* ---- processes --------------------------------------------------------------------------- */

async function checkGstreamer(test, base, server) {
	const sender = startGstreamer(test, 'send', `${base}/whip/${ROOM}?name=Gstreamer`);

	await until('webrtcbin sends', 20000, async () =>
	    (await server.room(ROOM))?.participants.some(({ name, state }) =>
	        name === 'Gstreamer' && state === 'here')).catch((error) => {
		throw new Error(`${error.message} ${sender.words()}`);
	});
	test.check(true, 'GStreamer\'s webrtcbin publishes');
	const viewer = startGstreamer(test, 'watch', `${base}/whep/${ROOM}`);
	await until('webrtcbin plays', 20000, () => viewer.said.some(({ audio, video }) =>
		audio > 50 && video > 10)).catch((error) => {
		throw new Error(`${error.message} ${viewer.words()}`);
	});
	test.check(true, 'GStreamer\'s webrtcbin plays sound and picture',
	    JSON.stringify(viewer.said.at(-1)));
	for (const { child, over, said } of [sender, viewer]) {
		child.stdin.end();
		await over;
		test.check(said.at(-1).left === 200, 'and leaves by DELETE', said.at(-1).left);
	}
}

async function checkSimpleWhipClient(test, base, server) {
	const source = fileURLToPath(new URL('../harness/no_upnp.c', import.meta.url));

	await promisify(execFile)(process.env.CC ?? 'cc', ['-shared', '-fPIC', '-o',
		path.join(test.folder, 'libgupnp-igd-1.0.so.4'), source]);
	const child = spawn('whip-client', ['-u', `${base}/whip/${ROOM}?name=Simple`, '-o',
		'-A', 'audiotestsrc is-live=true volume=0.1 ! audioconvert ! audioresample ' +
		'! queue ! opusenc ! rtpopuspay pt=100 ssrc=1 ! queue ! ' +
		'application/x-rtp,media=audio,encoding-name=OPUS,payload=100',
		'-V', 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320 ! ' +
		'videoconvert ! queue ! vp8enc deadline=1 ! rtpvp8pay pt=96 ssrc=2 ! queue ! ' +
		'application/x-rtp,media=video,encoding-name=VP8,payload=96',
	], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, LD_LIBRARY_PATH: test.folder },
	});
	let output = '';

	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (text) => { output += text; });
	test.atEnd(() => child.kill('SIGKILL'));
	const id = await until('simple-whip-client sends', 20000, async () =>
	    (await server.room(ROOM))?.participants.find(({ name, state }) =>
	        name === 'Simple' && state === 'here')).catch((error) => {
		throw new Error(`${error.message} ${output.slice(-3000)}`);
	});
	test.check(!/\bERR\b|rejected|failed/i.test(output), 'simple-whip-client publishes',
	    `as ${id.id}`);
	child.kill('SIGINT');
	await until('simple-whip-client is gone', 5000, async () =>
	    !(await server.room(ROOM))?.participants.some(({ name }) => name === 'Simple'));
	test.check(true, 'simple-whip-client leaves by DELETE');
}

await enterNamespace();
await runTest(175, async (test) => {
	/* One address, which is not loopback: the library can take one candidate in a restart. */
	const server = await startServer(test,
	    `http_listen: "${address}:8090"\nannounce_addresses: ["${address}"]\n`,
	    `http://${address}:8090`);
	const base = server.public;
	const origin = await servePage(test);
	const browser = await startBrowser(test, 'chromium');
	const page = await browser.newPage();

	page.on('pageerror', (error) => test.note(`page: ${error}`));
	await page.goto(origin);
	await checkWhipWhep(test, page, base, server);
	await checkPlayer(test, browser, origin, base, server);
	await page.evaluate(() => window.whip.stop());
	await until('the sender is gone', 3000, async () =>
	    (await server.room(ROOM)).people === 0);
	test.check(true, 'whip-whep unpublishes by DELETE');
	await browser.close();
	await checkGstreamer(test, base, server);
	await checkSimpleWhipClient(test, base, server);
});
