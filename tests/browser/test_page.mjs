// The page itself: three people meet through it, in two kinds of browser.
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { colourName, palette } from '../harness/analyse.mjs';
import { startBrowser, visitRoom } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'green-owl';
/* It moves. How many frames arrive is test_room's business: here two browsers draw in software. */
const SECONDS = 4, FPS_LEAST = 3;
const PROMISE = 'Encrypted to this server, which sees and mixes your media';

/* Opens the room's page; what the page complains of is kept in `complaints`. */
async function openPage(test, server, kind, name) {
	const browser = await startBrowser(test, kind);
	const page = await browser.newPage();
	const complaints = [];

	page.on('console', (message) => {
		if (message.type() === 'error')
			if (!message.text().includes('ERR_NETWORK_CHANGED'))
				complaints.push(message.text());
	});
	page.on('pageerror', (error) => complaints.push(String(error)));
	await visitRoom(page, `${server.public}/${ROOM}`);
	return { browser, page, complaints, kind, name };
}

async function join({ page, name }) {
	const started = performance.now();

	await page.type('#name', name);
	await page.click('#join');
	await page.waitForSelector('body[data-screen="meeting"][data-phase="here"]',
	    { timeout: 15000 });
	await until('the mosaic plays', 15000, () => page.evaluate(() =>
		document.querySelector('#picture').videoWidth > 0));
	return (performance.now() - started) / 1000;
}

/* Names on the tiles, in the order of the mosaic. */
function namesOnTiles({ page }) {
	return page.evaluate(() => Array.from(document.querySelectorAll('#tiles .tile .name b'),
	    (name) => name.textContent));
}

/* New pictures that the page gets to show within `ms`. */
function framesShown({ page }, ms) {
	return page.evaluate((time) => new Promise((resolve) => {
		const video = document.querySelector('#picture');
		const end = performance.now() + time;
		let count = 0;
		const next = () => {
			count++;
			if (performance.now() < end)
				video.requestVideoFrameCallback(next);
		};
		video.requestVideoFrameCallback(next);
		setTimeout(() => resolve(count), time);
	}), ms);
}

/* Colour of the mosaic in the middle of the tile that the page has labelled `name`. */
function colourUnder({ page }, name) {
	return page.evaluate((wanted) => {
		const video = document.querySelector('#picture');
		const tile = Array.from(document.querySelectorAll('#tiles .tile'))
		    .find((one) => one.querySelector('.name b').textContent === wanted);
		const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
		const pen = canvas.getContext('2d');
		const share = (value) => Number.parseFloat(value) / 100;
		pen.drawImage(video, 0, 0);
		const x = share(tile.style.left) + share(tile.style.width) / 2;
		const y = share(tile.style.top) + share(tile.style.height) / 2;
		return Array.from(pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data)
		    .slice(0, 3);
	}, name);
}

async function checkPlays(test, visitor) {
	const shown = await until('the mosaic moves', 40000, async () => {
		const frames = await framesShown(visitor, SECONDS * 1000);
		return frames >= FPS_LEAST * SECONDS && frames;
	}, 0);

	test.check(true, `${visitor.kind}: the mosaic moves`,
	    `${shown} frames in ${SECONDS} s`);
}

async function checkMeeting(test, visitor, names) {
	let seen = [];

	await until('three names', 10000, async () => {
		seen = await namesOnTiles(visitor);
		return seen.length === names.length;
	}).catch(() => {});
	test.check(names.every((name) => seen.some((one) => one.startsWith(name) ||
	    one === 'You' && name === visitor.name)),
	`${visitor.kind}: each tile has its name`, seen);
	let colour;
	await until('the colour', 5000, async () => {
		colour = colourName(await colourUnder(visitor, 'Painted'));
		return colour === 'cyan';
	}).catch(() => {});
	test.check(colour === 'cyan', `${visitor.kind}: the name stands over that person's picture`,
	    colour);
}

await enterNamespace();
await runTest(160, async (test) => {
	const server = await startServer(test);
	const painted = startProcessClient(test, 'wrtc');
	const visitors = await Promise.all([
		openPage(test, server, 'chromium', 'Ada'),
		openPage(test, server, 'firefox', 'Grace'),
	]);

	const { session } = await painted.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: 'Painted',
		colour: palette.cyan, toneHz: 500,
	});
	const stream = await EventStream.open(`${session}/events`);
	test.atEnd(() => stream.close());
	for (const visitor of visitors) {
		const promise = await visitor.page.$eval('#prejoin .promise',
		    (node) => node.textContent);
		test.check(promise.includes(PROMISE),
		    `${visitor.kind}: says what is encrypted to whom`);
		const seconds = await join(visitor);
		test.check(true, `${visitor.kind}: one click joins`,
		    `picture after ${seconds.toFixed(1)} s`);
	}
	const named = (name) => [...stream.people.values()].find((one) => one.name === name);
	for (const visitor of visitors)
		await checkMeeting(test, visitor, ['Ada', 'Grace', 'Painted']);
	await Promise.all(visitors.map((visitor) => checkPlays(test, visitor)));

	const [ada, grace] = visitors;
	await ada.page.keyboard.press('m');
	await until('the others see the microphone off', 3000, () => named('Ada').mic === false);
	test.check(true, 'the key M switches the microphone, and the others see it');
	await grace.page.click('#camera-switch');
	await until('the others see the camera off', 3000, () => named('Grace').camera === false);
	test.check(true, 'the camera button switches the camera, and the others see it');

	await grace.page.click('#leave');
	await grace.page.waitForSelector('body[data-screen="left"]');
	await until('Grace is gone', 2000, () => !named('Grace'));
	test.check(true, 'the leave button leaves at once');
	const { id } = named('Ada');
	await ada.page.close();
	await until('Ada is gone', 5000, () => !named('Ada'));
	test.check(server.log.includes(`${id} leaves (left)`),
	    'who closes the tab says goodbye, and is not only missed');
	for (const { kind, complaints } of visitors)
		test.check(!complaints.length, `${kind}: nothing to complain of in the console`,
		    complaints.join('; '));
});
