// Makes pictures of the page's states with a real server, to be looked at.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// node tests/browser/shots.mjs http://127.0.0.1:8080 OUTPUT-FOLDER [ROOM]
//
// ROOM should have people in it already: `demo`, the default, has when the server was started
// by `tesserad --demo 4`.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const require = createRequire(new URL('../package.json', import.meta.url));
const puppeteer = require('puppeteer-core');

const [base, folder, room = 'demo'] = process.argv.slice(2);

const SIZES = {
	wide: { width: 1440, height: 900 },
	tablet: { width: 820, height: 1180 },
	phone: { width: 360, height: 740 },
	least: { width: 320, height: 568 },
	side: { width: 740, height: 360 },
};
const THEMES = ['dark', 'light'];
const FLAGS = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update',
	'--disable-sync', '--autoplay-policy=no-user-gesture-required',
	'--use-fake-device-for-media-stream',
];
const ALLOWED = ['--use-fake-ui-for-media-stream'];
const REFUSED = ['--deny-permission-prompts'];

/* A busy machine is slow, and asked seldom. */
const PATIENCE = { timeout: 60_000, polling: 200 };

let problems = 0;

async function withBrowser(flags, work) {
	const userDataDir = await mkdtemp(path.join(tmpdir(), 'tessera-shots-'));
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		headless: true, pipe: true, userDataDir, args: [...FLAGS, ...flags],
	});

	try {
		await work(browser);
	} finally {
		await browser.close();
		await rm(userDataDir, { recursive: true, force: true });
	}
}

async function open(browser, url, size, theme) {
	const context = await browser.createBrowserContext();
	const page = await context.newPage();

	await page.setViewport(SIZES[size]);
	await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
	page.on('pageerror', (error) => {
		problems++;
		console.error(`${url}: ${error.message}`);
	});
	page.on('console', (message) => {
		/* Chromium itself reports each request that fails; some are made to. */
		if (message.type() !== 'error' || message.text().startsWith('Failed to load'))
			return;
		problems++;
		console.error(`${url}: ${message.text()}`);
	});
	await page.goto(base + url);
	await page.waitForFunction(() => document.body.dataset.screen !== 'loading');
	return page;
}

/** Lets fonts, frames and the 200 ms of motion come to rest. */
async function shoot(page, name, rest_ms = 500) {
	await new Promise((resolve) => setTimeout(resolve, rest_ms));
	await page.screenshot({ path: path.join(folder, `${name}.png`) });
	console.log(name);
}

async function enter(page, name) {
	await page.$eval('#name', (field) => {
		field.value = '';
	});
	await page.type('#name', name);
	await page.keyboard.press('Enter');
	await page.waitForFunction(() => document.body.dataset.phase === 'here', PATIENCE);
	await page.waitForFunction(() => document.querySelector('#skeleton').hidden, PATIENCE);
}

async function meeting(browser, size, theme) {
	const page = await open(browser, `/${room}`, size, theme);
	const at = `${size}-${theme}`;

	await page.waitForFunction(() => document.querySelector('#preview').videoWidth > 0,
		PATIENCE);
	await shoot(page, `prejoin-${at}`);
	await enter(page, 'Maya Lin');
	await shoot(page, `meeting-${at}`, 2500);
	await page.keyboard.press('p');
	await shoot(page, `people-${at}`);
	await page.keyboard.press('p');
	await page.keyboard.press('v');
	await page.keyboard.press('m');
	await shoot(page, `switched-off-${at}`, 1500);
	await page.keyboard.press('?');
	await shoot(page, `help-${at}`);
	await page.keyboard.press('Escape');
	await page.$eval('#meeting .what', (button) => button.click());
	await shoot(page, `about-${at}`);
	await page.keyboard.press('Escape');
	await page.click('#leave');
	await shoot(page, `left-${at}`);
	await page.browserContext().close();
}

async function alone(browser, size, theme) {
	const name = `shots-alone-${process.pid}-${size}-${theme}`;
	const page = await open(browser, `/${name}`, size, theme);

	await enter(page, 'Maya Lin');
	await shoot(page, `alone-${size}-${theme}`, 1500);
	await page.browserContext().close();
}

async function firstScreens(browser, size, theme) {
	const page = await open(browser, '/', size, theme);

	await shoot(page, `landing-${size}-${theme}`);
	await page.browserContext().close();
}

/** Lets the script say that a line has failed, and what becomes of the next joins. */
async function openMeddled(browser, size, theme) {
	const page = await open(browser, '/', size, theme);
	/** @type {'pass'|'cut'|'full'} */
	let joins = 'pass';

	await page.evaluateOnNewDocument(() => {
		const lines = [];

		window.RTCPeerConnection = class extends RTCPeerConnection {
			#failed = false;

			constructor(...options) {
				super(...options);
				lines.push(this);
			}

			get connectionState() {
				return this.#failed ? 'failed' : super.connectionState;
			}

			fail() {
				this.#failed = true;
				this.dispatchEvent(new Event('connectionstatechange'));
			}
		};
		window.failLine = () => lines.at(-1).fail();
	});
	await page.setRequestInterception(true);
	page.on('request', (request) => {
		if (request.method() !== 'POST' || joins === 'pass')
			request.continue();
		else if (joins === 'cut')
			request.abort();
		else
			request.respond({
				status: 503, headers: { 'Retry-After': '20' },
				contentType: 'application/problem+json',
				body: JSON.stringify({ type: 'urn:tessera:problem:busy' }),
			});
	});
	await page.goto(`${base}/${room}`);
	return { page, setJoins: (wanted) => {
		joins = wanted;
	} };
}

async function trouble(browser, size, theme) {
	const { page, setJoins } = await openMeddled(browser, size, theme);
	const failed = () => document.body.dataset.phase === 'failed';
	const at = `${size}-${theme}`;

	await page.type('#name', 'Maya Lin');
	setJoins('cut');
	await page.keyboard.press('Enter');
	await page.waitForFunction(failed, PATIENCE);
	await shoot(page, `unreachable-${at}`);
	setJoins('full');
	await page.click('[data-action="again"]');
	await page.waitForFunction(() => /\d/.test(
		document.querySelector('[data-action="again"]')?.textContent), PATIENCE);
	await shoot(page, `full-${at}`);
	setJoins('pass');
	await page.click('[data-action="again"]');
	await page.waitForFunction(
		() => document.querySelector('#skeleton').hidden, PATIENCE);
	await shoot(page, `after-full-${at}`, 1500);
	setJoins('cut');
	await page.evaluate(() => window.failLine());
	await page.waitForFunction(
		() => document.body.dataset.phase === 'reconnecting', PATIENCE);
	await shoot(page, `reconnecting-${at}`, 2000);
	setJoins('pass');
	await page.waitForFunction(() => document.body.dataset.phase === 'here', PATIENCE);
	await shoot(page, `reconnected-${at}`, 2000);
	await page.browserContext().close();
}

async function refused(browser) {
	const page = await open(browser, `/${room}`, 'wide', 'dark');

	await page.click('#ask');
	await shoot(page, 'refused-wide-dark', 1000);
	await enter(page, 'Only Looking');
	await shoot(page, 'no-devices-wide-dark', 2000);
	await page.browserContext().close();
}

if (!base || !folder) {
	console.error('usage: shots.mjs BASE-URL OUTPUT-FOLDER [ROOM]');
	process.exit(2);
}
await mkdir(folder, { recursive: true });
await withBrowser(ALLOWED, async (browser) => {
	for (const theme of THEMES) {
		for (const size of ['wide', 'tablet', 'phone'])
			await meeting(browser, size, theme);
		for (const size of ['wide', 'phone'])
			await firstScreens(browser, size, theme);
	}
	for (const size of ['least', 'side'])
		await meeting(browser, size, 'dark');
	for (const size of ['wide', 'phone'])
		await alone(browser, size, 'dark');
	for (const size of ['wide', 'phone'])
		await trouble(browser, size, 'dark');
});
await withBrowser(REFUSED, refused);
console.log(problems ? `${problems} errors in the pages` : 'no errors in the pages');
process.exit(problems ? 1 : 0);
