// Who comes for the first time and fails is told why, and what to do next.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// SHOTS=FOLDER makes pictures of each page, wide and narrow.
import path from 'node:path';
import { startBrowser } from '../harness/browser-client.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const SIZES = [[1440, 900], [360, 740]];
const LATE_MS = 11000;

/* Before the page runs: getUserMedia fails as `errors`, {audio, video}, have names. */
function failDevices(errors) {
	const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);

	navigator.mediaDevices.getUserMedia = async (wish) => {
		const kind = Object.keys(errors).find((one) => wish[one]);
		if (kind)
			throw new DOMException('on purpose', errors[kind]);
		return real(wish);
	};
	navigator.permissions.query = async ({ name }) => ({
		state: errors[name === 'camera' ? 'video' : 'audio'] === 'NotAllowedError' ?
			'denied' : 'prompt',
	});
}

/* What a person can read on the page; nothing while it gives way to another. */
const read = (page) => page.evaluate(() => document.body.innerText).catch(() => '');

class Walk {
	constructor(test, server, browser) {
		Object.assign(this, { test, server, browser });
	}

	/* A page of somebody who was never here. `meddle(request)` returns true when it is done. */
	async open(at, { before = () => {}, given = null, meddle = null, runs = true } = {}) {
		const page = await (await this.browser.createBrowserContext()).newPage();

		await page.evaluateOnNewDocument(before, given);
		if (meddle) {
			await page.setRequestInterception(true);
			page.on('request', (request) => {
				if (!meddle(request))
					request.continue();
			});
		}
		await page.goto(`${this.server.public}${at}`);
		if (runs)
			await page.waitForSelector('body:not([data-screen="loading"])');
		return page;
	}

	/* All of `words` can be read, and pictures are made for who wants them. */
	async says(page, what, ...words) {
		let seen = '';

		await until(what, 15000, async () => {
			seen = await read(page);
			return words.every((one) => seen.includes(one));
		}).catch(() => {});
		this.test.check(words.every((one) => seen.includes(one)), what,
		    seen.replace(/\s+/g, ' '));
		for (const [width, height] of process.env.SHOTS ? SIZES : []) {
			await page.setViewport({ width, height });
			await pause(700);
			await page.screenshot({ path: path.join(process.env.SHOTS,
			    `${what.replaceAll(/\W+/g, '-')}-${width}.png`) });
		}
	}

	end(page) {
		return page.browserContext().close();
	}
}

async function names(walk) {
	const page = await walk.open('/Blue%20Fox');

	await walk.says(page, 'a wrong name of a room', '“Blue Fox” cannot be', 'Open the room');
	await page.focus('#room');
	await page.keyboard.press('Enter');
	await walk.says(page, 'the right one is proposed', 'blue-fox', 'Your name',
	    'You are the first');
	await walk.end(page);
}

async function devices(walk) {
	const given = { audio: 'NotAllowedError', video: 'NotAllowedError' };
	let page = await walk.open('/blue-fox', { before: failDevices, given });

	await page.click('#join');
	await walk.says(page, 'all is refused on the way in', 'The microphone is blocked',
	    'To allow it', 'Close');
	await walk.end(page);

	for (const [what, errors, ...words] of [
		['the camera is refused', { video: 'NotAllowedError' }, 'The camera is blocked',
			'To allow it', 'Join without camera'],
		['the microphone is refused', { audio: 'NotAllowedError' },
			'The microphone is blocked', 'Join without microphone'],
		['no devices', { audio: 'NotFoundError', video: 'NotFoundError' },
			'No microphone was found', 'No camera was found', 'Join to watch'],
		['a camera in use', { video: 'NotReadableError' },
			'The camera is in use by another program', 'Join without camera'],
	]) {
		page = await walk.open('/blue-fox', { before: failDevices, given: errors });
		await page.click('#ask');
		await walk.says(page, what, ...words);
		await walk.end(page);
	}
}

async function server(walk) {
	const joins = (request) => request.method() === 'POST';
	let page = await walk.open('/blue-fox', { meddle: (request) => joins(request) &&
	    request.abort('connectionrefused') });

	await page.click('#join');
	await walk.says(page, 'the server is gone', 'The server cannot be reached', 'Try again',
	    'Back');
	await walk.end(page);

	const full = { status: 503, headers: { 'Retry-After': '20' },
		contentType: 'application/problem+json',
		body: JSON.stringify({ type: 'urn:tessera:problem:busy' }) };
	page = await walk.open('/blue-fox', { meddle: (request) => joins(request) &&
	    request.respond(full) });
	await page.click('#join');
	await walk.says(page, 'the server is full', 'This server is full', 'Try again (');
	await walk.end(page);
}

async function browsers(walk) {
	let page = await walk.open('/blue-fox', { before: () => {
		delete window.RTCPeerConnection;
	} });

	await walk.says(page, 'without WebRTC', 'This browser cannot hold calls',
	    'current Firefox');
	walk.test.check(!(await page.$('#join:not([hidden])')), 'and nothing that cannot be done');
	await walk.end(page);

	page = await walk.open('/blue-fox', { runs: false, meddle: (request) =>
		request.url().endsWith('/js/call.js') && request.abort() });
	await pause(process.env.SHOTS ? LATE_MS : 0);
	await walk.says(page, 'a page that does not run', 'Opening', 'reload the page');
	await walk.end(page);
}

await enterNamespace();
await runTest(110, async (test) => {
	const walk = new Walk(test, await startServer(test), await startBrowser(test, 'chromium'));

	await names(walk);
	await devices(walk);
	await server(walk);
	await browsers(walk);
});
