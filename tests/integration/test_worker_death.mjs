// A room's process dies or stands still: its people are back in seconds. timeout: 240
// SPDX-License-Identifier: GPL-3.0-or-later
import { writeFile } from 'node:fs/promises';
import { enterNamespace } from '../harness/namespace.mjs';
import { startBrowser } from '../harness/browser-client.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ELSEWHERE = 'quiet-room';
const RUNS = 5;
const MEDIAN_S = 3, WORST_S = 5;
/* Five heartbeats of a second are missed before a process that stands still is killed. */
const HEARTBEAT_S = 6;
/* Packets of sound come every 20 ms: in another room none may be missed. */
const GAP_MS = 40, CONCEALED_MOST = 2;
/* With two browsers that start and join on the same two processors. */
const GAP_WITH_BROWSERS_MS = 100;

async function openPage(test, kind, name) {
	const browser = await startBrowser(test, kind);

	/*
	 * Elsewhere browsers have machines of their own. Here each is a session of its own, and
	 * between sessions Linux shares the processors without regard to nice: the session gives
	 * way. Without this a process that does nothing but wait for the clock is 300 ms late.
	 */
	await writeFile(`/proc/${browser.process().pid}/autogroup`, '19');
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

/* From `from` until now: a death, and what the other room had to make up then. */
async function tellsDeath(server, from, concealed) {
	return { from, to: performance.now(),
		concealed: await concealedElsewhere(server) - concealed };
}

/* Frames of sound that the other room had to make up. */
function concealedElsewhere(server) {
	return server.metric(`tessera_room_audio_concealed_total{room="${ELSEWHERE}"}`);
}

/* Does `harm` to the room's process, until all is as it was. */
async function suffers(server, room, visitors, harm) {
	const before = await settled(server, room, visitors);
	const worker = workerOf(server, room);
	const concealed = await concealedElsewhere(server);
	const start = performance.now();
	let now;

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
	return tellsDeath(server, start, concealed);
}

/* Three headless peers in a room of their own: its process dies, and they join again. */
async function suffersUnseen(test, server, room) {
	const peers = startHeadless(test, server, room, '--count', 3, '--size', '320x180',
	    '--stay');
	const here = (joins) => () => [0, 1, 2].map((n) => peers.last(n)).every((figures) =>
		figures.connected === 1 && figures.joins === joins && figures.frames > 0);

	await until('three peers', 20000, here(1));
	const concealed = await concealedElsewhere(server);
	const start = performance.now();
	process.kill(workerOf(server, room), 'SIGKILL');
	await until('three peers again', 20000, here(2));
	const death = await tellsDeath(server, start, concealed);
	await peers.leave();
	return death;
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

/*
 * The sound of another room, where nobody may notice anything: pauses between the packets that come
 * there, by the kernel's clock, in the seconds from each death until all was well.
 */
async function checkElsewhere(test, elsewhere, deaths, words, mostMs) {
	await until('the figures of the last second', 5000, () =>
	    elsewhere.last(1).at_ms > deaths.at(-1).to + 1000);
	const gaps = deaths.map(({ from, to }) => Math.max(...elsewhere.figures
		.filter(({ peer, at_ms: at }) => peer === 1 && at > from && at < to + 1000)
		.map(({ audio_gap_ms: ms }) => ms)));
	const concealed = deaths.map((death) => death.concealed);

	test.check(Math.max(...gaps) <= mostMs && Math.max(...concealed) <= CONCEALED_MOST,
	    `another room has no gap in its sound, ${words}`,
	    `pauses up to ${gaps} ms, ${concealed} frames made up`);
	test.check(elsewhere.last(1).failures === 0 && elsewhere.last(0).failures === 0,
	    'and nobody in it was thrown out');
}

await enterNamespace();
await runTest(235, async (test) => {
	const server = await startServer(test);
	const elsewhere = startHeadless(test, server, ELSEWHERE, '--count', 2, '--no-video',
	    '--talk', 1);
	const unseen = [], deaths = [];

	await until('two peers elsewhere', 20000, () => elsewhere.last(1).audio_packets > 50);
	for (let i = 1; i <= RUNS; i++)
		unseen.push(await suffersUnseen(test, server, `unseen-${i}`));
	await checkElsewhere(test, elsewhere, unseen, 'on a machine without browsers', GAP_MS);

	const visitors = await Promise.all([
		openPage(test, 'chromium', 'Ada'), openPage(test, 'firefox', 'Grace')]);
	for (let i = 1; i <= RUNS; i++) {
		await Promise.all(visitors.map((visitor) => enter(server, `mortal-${i}`, visitor)));
		deaths.push(await suffers(server, `mortal-${i}`, visitors,
		    (worker) => process.kill(worker, 'SIGKILL')));
	}
	const seconds = ({ from, to }) => (to - from) / 1000;
	const times = deaths.map(seconds);
	const sorted = [...times].sort((a, b) => a - b);
	test.check(sorted[RUNS >> 1] <= MEDIAN_S && sorted.at(-1) <= WORST_S,
	    `kill -9: back with the same ids and tiles, ${RUNS} times`,
	    times.map((s) => `${s.toFixed(2)} s`));

	await Promise.all(visitors.map((visitor) => enter(server, 'stunned', visitor)));
	deaths.push(await suffers(server, 'stunned', visitors,
	    (worker) => process.kill(worker, 'SIGSTOP')));
	test.check(seconds(deaths.at(-1)) <= HEARTBEAT_S + WORST_S,
	    'SIGSTOP: the same, after the heartbeat', `${seconds(deaths.at(-1)).toFixed(2)} s`);
	await checkElsewhere(test, elsewhere, deaths, 'with two browsers on it',
	    GAP_WITH_BROWSERS_MS);

	await Promise.all(visitors.map((visitor) => enter(server, 'cursed', visitor)));
	for (let i = 0; i < 2; i++)
		await suffers(server, 'cursed', visitors,
		    (worker) => process.kill(worker, 'SIGKILL'));
	await closesAtLast(test, server, 'cursed', visitors);
});
