// A room's process dies or stands still: its people are back in seconds. timeout: 240
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { startBrowser } from '../harness/browser-client.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const RUNS = 5;
const MEDIAN_S = 3, WORST_S = 5;
/* Five heartbeats of a second are missed before a process that stands still is killed. */
const HEARTBEAT_S = 6;
/*
 * Packets of sound come every 20 ms. What two browsers on the same machine make of that is not our
 * matter, so pauses around a death are compared with those of all other times.
 */
const GAP_MS = 100, AROUND_MS = 2500;
const deaths = [];

async function openPage(test, kind, name) {
	const browser = await startBrowser(test, kind);

	return { kind, name, page: await browser.newPage() };
}

/* Joins by the page, as a person does. */
async function enter(server, room, { page, name }) {
	await page.goto(`${server.public}/${room}`);
	await page.waitForSelector('body[data-screen="prejoin"]');
	await page.$eval('#name', (field, value) => {
		field.value = value;
		field.dispatchEvent(new Event('input', { bubbles: true }));
	}, name);
	await page.click('#join');
	await page.waitForSelector('body[data-phase="here"]', { timeout: 20000 });
}

/* What the page shows: its phase, the tiles with their names and places, and its picture. */
function look({ page }) {
	return page.evaluate(() => {
		const picture = document.querySelector('#picture');

		return {
			phase: document.body.dataset.phase,
			tiles: Array.from(document.querySelectorAll('#tiles .tile'), (tile) => [
				tile.querySelector('.name b').textContent,
				tile.style.left, tile.style.top, tile.style.width,
			].join(' ')).sort().join(),
			stream: picture.srcObject?.id,
			/* A new stream begins from nothing. */
			plays: picture.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
		};
	});
}

/* Ids and names of those who are there. */
async function peopleIn(server, room) {
	const found = await server.room(room);

	return (found?.participants ?? []).filter(({ state }) => state === 'here')
		.map(({ id, name }) => `${id} ${name}`).sort().join();
}

function workerOf(server, room) {
	const opened = [...server.log.matchAll(
		new RegExp(`room ${room}: opens in process (\\d+)`, 'g'))];

	return Number(opened.at(-1)[1]);
}

/* Everybody is in the room and sees two tiles: what it looks like then. */
async function settled(server, room, visitors) {
	let looks;

	await until('two people with tiles', 15000, async () => {
		looks = await Promise.all(visitors.map(look));
		return (await peopleIn(server, room)).split(',').length === 2 &&
		    looks.every(({ tiles, plays }) => tiles.split(',').length === 2 && plays);
	});
	return { looks, people: await peopleIn(server, room) };
}

/* Does `harm` to the room's process; the seconds until all is as it was. */
async function suffers(server, room, visitors, harm) {
	const before = await settled(server, room, visitors);
	const worker = workerOf(server, room);
	const start = performance.now();
	let now;

	deaths.push(start);
	harm(worker);
	await until(`${room} is back`, 25000, async () => {
		if (workerOf(server, room) === worker)
			return false;
		now = await Promise.all(visitors.map(look));
		return await peopleIn(server, room) === before.people &&
		    now.every(({ phase, tiles, stream, plays }, i) => phase === 'here' &&
		        tiles === before.looks[i].tiles && plays &&
		        stream !== before.looks[i].stream);
	}).catch(async (error) => {
		throw new Error(`${error.message}: was ${JSON.stringify(before)}, is ` +
		    `${JSON.stringify(now)} ${await peopleIn(server, room)}`);
	});
	return (performance.now() - start) / 1000;
}

async function closesAtLast(test, server, room, visitors) {
	process.kill(workerOf(server, room), 'SIGKILL');
	await Promise.all(visitors.map(({ page }) =>
		page.waitForSelector('body[data-screen="left"]', { timeout: 10000 })));
	for (const { kind, page } of visitors) {
		const words = await page.$eval('#left', (node) => node.textContent);
		test.check(/three times in a row/.test(words),
		    `${kind}: the page says why it ended`,
		    words.replace(/\s+/g, ' ').slice(0, 160));
	}
	const response = await fetch(`${server.public}/v1/rooms/${room}/join`, {
		method: 'POST', headers: { 'content-type': 'application/sdp' }, body: 'v=0\r\n',
	});
	const seconds = Number(response.headers.get('retry-after'));
	const { type } = await response.json();
	test.check(response.status === 503 && type === 'urn:tessera:problem:room-failed' &&
	    seconds > 40 && seconds <= 60, 'the room is closed for a minute',
	    `${response.status} ${type}, Retry-After ${seconds}`);
	const [{ page }] = visitors;
	await page.click('#rejoin');
	await until('the page says that it is closed', 10000, async () =>
	    /closed for a minute/.test(await page.$eval('#notice-words',
	        (node) => node.textContent)));
	test.check(true, 'who rejoins too soon is told so');
}

/* The sound of another room, where nobody may notice anything. */
function checkElsewhere(test, elsewhere) {
	const heard = elsewhere.figures.filter(({ peer, t_ms: ms }) => peer === 1 && ms > 3000);
	const near = (line) => deaths.some((death) =>
		line.at_ms > death && line.at_ms < death + AROUND_MS);
	const worst = (lines) => Math.max(0, ...lines.map(({ audio_gap_ms: ms }) => ms));
	const gap = worst(heard.filter(near));
	const usual = worst(heard.filter((line) => !near(line)));
	const [first, last] = [heard[0], heard.at(-1)];
	const rate = (last.audio_packets - first.audio_packets) * 1000 / (last.t_ms - first.t_ms);

	test.check(gap <= Math.max(GAP_MS, usual), 'another room has no gap in its sound',
	    `pauses up to ${gap} ms around ${deaths.length} deaths, ${usual} ms else, ` +
	    `${rate.toFixed(1)} packets a second`);
	test.check(last.failures === 0 && elsewhere.last(0).failures === 0,
	    'and nobody in it was thrown out');
}

await enterNamespace();
await runTest(235, async (test) => {
	const server = await startServer(test);
	const elsewhere = startHeadless(test, server, 'quiet-room', '--count', 2, '--no-video',
	    '--talk', 1);
	const visitors = await Promise.all([
		openPage(test, 'chromium', 'Ada'), openPage(test, 'firefox', 'Grace')]);
	const times = [];

	for (let i = 1; i <= RUNS; i++) {
		await Promise.all(visitors.map((visitor) => enter(server, `mortal-${i}`, visitor)));
		times.push(await suffers(server, `mortal-${i}`, visitors,
		    (worker) => process.kill(worker, 'SIGKILL')));
	}
	const sorted = [...times].sort((a, b) => a - b);
	test.check(sorted[RUNS >> 1] <= MEDIAN_S && sorted.at(-1) <= WORST_S,
	    `kill -9: back with the same ids and tiles, ${RUNS} times`,
	    times.map((s) => `${s.toFixed(2)} s`));

	await Promise.all(visitors.map((visitor) => enter(server, 'stunned', visitor)));
	const stunned = await suffers(server, 'stunned', visitors,
	    (worker) => process.kill(worker, 'SIGSTOP'));
	test.check(stunned <= HEARTBEAT_S + WORST_S, 'SIGSTOP: the same, after the heartbeat',
	    `${stunned.toFixed(2)} s`);

	checkElsewhere(test, elsewhere);

	await Promise.all(visitors.map((visitor) => enter(server, 'cursed', visitor)));
	for (let i = 0; i < 2; i++)
		await suffers(server, 'cursed', visitors,
		    (worker) => process.kill(worker, 'SIGKILL'));
	await closesAtLast(test, server, 'cursed', visitors);
});
