// Makes pictures of the page behind a thin line, to be looked at.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// builddir=build node tests/browser/shots_thin_line.mjs FOLDER [KBIT/S...]
//
// Chromium by tools/udprelay: 64 kbit/s, which leaves stills, and 40, which leaves sound.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { palette } from '../harness/analyse.mjs';
import { joinByPage } from '../harness/browser-client.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { steer } from '../harness/relay.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const SIZES = [[1440, 900], [360, 740]];
const [folder, ...rates] = process.argv.slice(2);
const ROOM = 'thin-line';

/* What the page says of the line; `note` is what stands over the picture. */
const read = (page) => page.evaluate(() => ({
	mark: !document.querySelector('#line-mark').hidden,
	words: document.querySelector('#line-words').textContent,
	note: document.querySelector('#picture-note').hidden ? '' :
		document.querySelector('#picture-note').textContent,
}));

async function shoot(page, name) {
	for (const [width, height] of SIZES) {
		await page.setViewport({ width, height });
		await pause(800);
		await page.screenshot({ path: path.join(folder, `${name}-${width}.png`) });
	}
}

async function thin(test, server, kbps) {
	const steered = await steer(test, server, { up: 'delay 20', down: 'delay 20' });
	const page = await joinByPage(test, 'chromium', `${steered.origin}/${ROOM}`, 'Ada');

	await pause(4000);
	await shoot(page, `${kbps}-before`);
	steered.relay.say(`down rate ${kbps} queue 300`);
	const began_ms = performance.now();
	let last = '';
	const trace = setInterval(async () => {
		const now = JSON.stringify(await read(page).catch(() => ''));
		if (now !== last)
			test.note(`${Math.round(performance.now() - began_ms)} ms: ${now}`);
		last = now;
	}, 500);
	test.atEnd(() => clearInterval(trace));
	await pause(25000);
	await shoot(page, `${kbps}-thin`);
	await page.click('#line-mark');
	await shoot(page, `${kbps}-open`);
	test.note(`${kbps} kbit/s: ${JSON.stringify(await read(page))}`);
	steered.relay.say('down rate 10000');
	await until('the picture moves again', 60000, async () => !(await read(page)).note, 100);
	await shoot(page, `${kbps}-after`);
	clearInterval(trace);
	await page.browser().close();
	test.check(true, `${kbps} kbit/s: pictures are made`);
}

await enterNamespace();
await runTest(230, async (test) => {
	await mkdir(folder, { recursive: true });
	const server = await startServer(test);
	for (const [name, colour] of [['Talker', palette.cyan], ['Grace', palette.yellow],
		['Edsger', palette.violet]]) {
		const other = startProcessClient(test, 'wrtc');
		await other.join({
			url: `${server.public}/v1/rooms/${ROOM}/join`, name, colour,
			toneHz: name === 'Talker' ? 'speech' : 0,
		});
	}
	for (const kbps of rates.length ? rates : ['64', '40'])
		await thin(test, server, kbps);
});
