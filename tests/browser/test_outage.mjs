// The line of our page fails for 10 s and for 40 s, and its NAT forgets it. By hand. timeout: 340
// SPDX-License-Identifier: GPL-3.0-or-later
//
// As it happens to people: the page in Chromium and in Firefox, each behind a relay of its own.
// UDP alone is cut, or all of the line. How long until sound and picture are back is the meaning,
// so this needs a machine that does nothing else. SHOTS=FOLDER makes pictures of the pages
// meanwhile.
import path from 'node:path';
import { palette } from '../harness/analyse.mjs';
import { joinByPage } from '../harness/browser-client.mjs';
import { figuresOf } from '../harness/meter.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { steer } from '../harness/relay.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'thin-ice';
const LIMIT_MS = 40000;

async function visit(test, server, kind, name) {
	const steered = await steer(test, server, { up: 'delay 20', down: 'delay 20' });
	const page = await joinByPage(test, kind, `${steered.origin}/${ROOM}`, name);

	return { kind, page, steered };
}

/* What the page's newest connection has got so far, and how many there were. */
async function look({ page }) {
	const { count, calm, reports } = await page.evaluate(async () => ({
		count: window.connections.length,
		calm: document.body.dataset.phase === 'here',
		reports: [...(await window.connections.at(-1).getStats()).entries()],
	}));
	const { audio, video } = figuresOf(new Map(reports));

	return {
		count, calm, frames: video?.decoded ?? 0,
		heard: (audio?.samples ?? 0) - (audio?.concealed ?? 0),
	};
}

/* Whether `now` has more than `before`; on a new connection all that is there is more. */
function more(now, before, key, by) {
	return now[key] - (now.count === before.count ? before[key] : 0) > by;
}

/*
 * ms from `since` until sound (100 ms of it) and picture are more than they were, and until the
 * page says no more that anything is wrong.
 */
async function backAfter(visitor, before, since) {
	const found = { kind: visitor.kind };

	await until(`${visitor.kind} is back`, LIMIT_MS, async () => {
		const now = await look(visitor);
		const ms = Math.round(performance.now() - since);
		found.count = now.count;
		if (more(now, before, 'heard', 4800))
			found.sound ??= ms;
		if (more(now, before, 'frames', 1))
			found.picture ??= ms;
		if (now.calm)
			found.calm ??= ms;
		return found.sound !== undefined && found.picture !== undefined &&
		    found.calm !== undefined;
	}, 20);
	return found;
}

/* What the pages show, for who wants to look. */
async function shoot(visitors, name) {
	if (process.env.SHOTS)
		await Promise.all(visitors.map(({ kind, page }) => page.screenshot({
			path: path.join(process.env.SHOTS, `${name}-${kind}.png`) })));
}

async function blackout(visitors, seconds, whole = false) {
	for (const { steered } of visitors) {
		steered.relay.say(`both blackout ${seconds}`);
		steered.dead = whole;
	}
	const end = performance.now() + seconds * 1000;
	/* What was under way when the line was cut has come by now. */
	await pause(1000);
	const before = await Promise.all(visitors.map(look));
	await pause((end - performance.now()) / 2);
	await shoot(visitors, `${seconds}-s-half`);
	await pause(end - performance.now() - 2000);
	await shoot(visitors, `${seconds}-s-end`);
	await pause(end - performance.now());
	for (const { steered } of visitors)
		steered.dead = false;
	return Promise.all(visitors.map((visitor, i) => backAfter(visitor, before[i], end)));
}

async function rebind(visitors) {
	const start = performance.now();

	for (const { steered } of visitors)
		steered.relay.say('rebind');
	await pause(150);
	const before = await Promise.all(visitors.map(look));
	return Promise.all(visitors.map((visitor, i) => backAfter(visitor, before[i], start)));
}

function judge(test, words, results, soundMs, pictureMs, kept) {
	for (const { kind, sound, picture, calm, count } of results)
		test.check(sound <= soundMs && picture <= pictureMs && calm <= pictureMs &&
		    (!kept || count === kept), `${words}, ${kind}: it comes back by itself`,
		`sound ${sound} ms, picture ${picture} ms, no word of it ${calm} ms, ` +
		`connection ${count}`);
}

await enterNamespace();
await runTest(330, async (test) => {
	const server = await startServer(test);
	const other = startProcessClient(test, 'wrtc');
	await other.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: 'Talker',
		colour: palette.cyan, toneHz: 'speech',
	});
	const visitors = await Promise.all([
		visit(test, server, 'chromium', 'Ada'), visit(test, server, 'firefox', 'Grace')]);
	await Promise.all(visitors.map((visitor) => until(`${visitor.kind} sees and hears`, 20000,
	    async () => {
		    const { frames, heard } = await look(visitor);
		    return frames > 20 && heard > 48000;
	    })));

	judge(test, 'another port', await rebind(visitors), 4000, 4000, 1);
	await pause(5000);
	judge(test, '10 s of nothing', await blackout(visitors, 10), 1000, 2000, 1);
	await pause(5000);
	judge(test, '40 s of nothing', await blackout(visitors, 40), 3000, 3000);
	await pause(5000);
	await shoot(visitors, 'after');
	judge(test, '10 s without requests, too', await blackout(visitors, 10, true), 1000, 2000);
	await pause(5000);
	judge(test, '40 s without requests, too', await blackout(visitors, 40, true), 3000, 3000);
});
