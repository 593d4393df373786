// People leave in every way there is; the others and the server notice.
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { palette } from '../harness/analyse.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { seesEverybody } from '../harness/mosaic.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'corridor';
const ROOM_ENDS_MS = 10000;
/* Who is missed is gone after 12 s, so sooner than that he has said goodbye. */
const GOODBYE_S = 8, MISSED_S = 30;

/* `stream`: of who is there already, and sees the tile. */
async function enter(test, server, client, name, colour, stream = null) {
	const { participant, session } = await client.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name,
		colour: palette[colour],
	});
	const start = performance.now();

	if (stream) {
		await until(`${name} has a tile`, 10000, () => stream.tileOf(participant));
		const ms = performance.now() - start;
		test.check(true, `${name} joins: seen by others`,
		    `${Math.round(ms)} ms after the answer`);
	}
	return { client, name, colour, participant, session };
}

/* Waits until `person` is off the roster and off the tile map; returns the seconds it took. */
async function goneFrom(stream, person, limitMs) {
	const start = performance.now();

	await until(`${person.name} is gone`, limitMs, () =>
	    !stream.people.has(person.participant) && !stream.tileOf(person.participant));
	return (performance.now() - start) / 1000;
}

/* Seconds from `since` until the roster said this of `person`; waits for it. */
async function toldAfter(stream, person, since, what, tells) {
	const told = await until(what, 20000, () => stream.events.find(({ event, data }) =>
		event === 'roster' && data.person.id === person.participant && tells(data)));

	return (told.at_ms - since) / 1000;
}

async function checkGone(test, how, stream, person, fromS, toS) {
	const seconds = await goneFrom(stream, person, toS * 1000 + 5000);

	test.check(seconds >= fromS && seconds <= toS, `${how}: off the roster and the tile map`,
	    `after ${seconds.toFixed(1)} s, ${stream.tilemap.tiles.length} tiles are left`);
}

/* His tile, decoder and buffers had gone; he is again who he was. */
async function checkBack(test, stream, person, viewer) {
	const { framesDecoded } = await person.client.stats();

	await until('he has his tile again', 15000, () => stream.tileOf(person.participant));
	await seesEverybody(viewer.client, stream, [viewer, person], 15000);
	await until('he sees pictures again', 15000, async () =>
	    (await person.client.stats()).framesDecoded > framesDecoded + 10);
	await seesEverybody(person.client, stream, [viewer, person], 15000);
	test.check(true, 'who was away is back: he is seen and sees');
	await person.client.leave();
	await goneFrom(stream, person, 5000);
}

await enterNamespace();
await runTest(180, async (test) => {
	const server = await startServer(test);
	const spares = (await server.workers()).length;
	const origin = await servePeerPage(test, server.public);
	const browsers = await Promise.all(['chromium', 'firefox'].map((kind) =>
		startBrowserClient(test, kind, origin)));
	const [stays, deletes, dies, stops] = ['wrtc', 'wrtc', 'wrtc', 'wrtc'].map((kind) =>
		startProcessClient(test, kind));

	const last = await enter(test, server, stays, 'Who stays', 'red');
	const stream = await EventStream.open(`${last.session}/events`);
	test.atEnd(() => stream.close());
	const killed = await enter(test, server, dies, 'Whose process dies', 'green', stream);
	const polite = await enter(test, server, deletes, 'Who says goodbye', 'blue', stream);
	const tab = await enter(test, server, browsers[0], 'Who closes the tab', 'yellow', stream);
	const away = await enter(test, server, browsers[1], 'Who closes Firefox', 'violet', stream);
	const still = await enter(test, server, stops, 'Whose line is broken', 'cyan', stream);
	const people = [last, killed, polite, tab, away, still];
	await Promise.all(people.map(({ client }) => client.watching()));
	await until('six tiles', 5000, () => stream.tilemap?.tiles.length === 6);
	await seesEverybody(stays, stream, people);
	const workers = await server.workers();

	const killedAt = performance.now();
	await dies.kill();
	process.kill(stops.pid, 'SIGSTOP');
	await deletes.leave();
	await checkGone(test, 'DELETE', stream, polite, 0, GOODBYE_S);
	await browsers[0].closePage();
	await checkGone(test, 'the tab is closed', stream, tab, 0, GOODBYE_S);
	await browsers[1].closePage();
	await checkGone(test, 'the page in Firefox is closed', stream, away, 0, GOODBYE_S);
	const weakS = await toldAfter(stream, killed, killedAt, 'the killed one is weak',
	    ({ person }) => person.state === 'weak');
	test.check(weakS >= 4 && weakS <= MISSED_S, 'a killed process: weak',
	    `after ${weakS.toFixed(1)} s`);
	const goneS = await toldAfter(stream, killed, killedAt, 'the killed one is gone',
	    ({ op }) => op === 'left');
	await goneFrom(stream, killed, 2000);
	test.check(goneS >= 10 && goneS <= MISSED_S,
	    'a killed process: off the roster and the tile map', `after ${goneS.toFixed(1)} s`);

	await goneFrom(stream, still, 5000);
	process.kill(stops.pid, 'SIGCONT');
	await checkBack(test, stream, still, last);

	await seesEverybody(stays, stream, [last]);
	test.check(stream.tilemap.tiles.length === 1, 'who stays has the mosaic to himself');
	await stays.leave();
	const left = performance.now();
	await until('the room is gone', ROOM_ENDS_MS + 5000, async () => !await server.room(ROOM));
	const endsS = (performance.now() - left) / 1000;
	test.check(endsS >= 9, 'the room ends 10 s after the last one left',
	    `after ${endsS.toFixed(1)} s`);
	let now;
	await until('its process is gone', 5000, async () => {
		now = await server.workers();
		return now.length === spares && workers.some((pid) => !now.includes(pid));
	}).catch(() => {});
	test.check(now.length === spares && workers.some((pid) => !now.includes(pid)),
	    'its process is gone and the spares are ready',
	    `processes ${workers} before, ${now} now`);
	test.check((await fetch(`${server.admin}/readyz`)).status === 200, 'a new room can open');
});
