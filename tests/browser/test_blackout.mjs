// The line is cut and comes back: short, long, and for too long. timeout: 240
// SPDX-License-Identifier: GPL-3.0-or-later
//
// UDP can be led astray, to a neighbour that is not there: it vanishes without an error, while the
// page's requests get through, as when a firewall forgets a flow.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { address, enterNamespace } from '../harness/namespace.mjs';
import { palette } from '../harness/analyse.mjs';
import { joinByPage } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'long-tunnel';
const run = promisify(execFile);
const ip = (words) => run('ip', words.split(' '));

/* Other rules may come before the table of local addresses, which was the first. */
async function prepareToCut() {
	await ip('neigh replace 10.99.0.254 lladdr 02:00:00:00:00:01 dev tessera0');
	await ip('route add default via 10.99.0.254 dev tessera0 table 200');
	await ip('rule add pref 100 lookup local');
	await ip('rule del pref 0');
}

async function cutTheLine() {
	await ip(`rule add pref 50 to ${address} ipproto udp lookup 200`);
	await ip(`rule add pref 51 from ${address} ipproto udp lookup 200`);
}

async function mendTheLine() {
	await ip('rule del pref 50');
	await ip('rule del pref 51');
}

async function visit(test, server, kind, name) {
	const page = await joinByPage(test, kind, `${server.public}/${ROOM}`, name);

	return { kind, name, page };
}

/* What the page's connection says: how many there were, its user name, frames decoded. */
function look({ page }) {
	return page.evaluate(async () => {
		const pc = window.connections.at(-1);
		let frames = 0;

		for (const report of (await pc.getStats()).values()) {
			if (report.type === 'inbound-rtp' && report.kind === 'video')
				frames = report.framesDecoded ?? 0;
		}
		return {
			connections: window.connections.length, frames, state: pc.connectionState,
			ufrag: /a=ice-ufrag:(\S+)/.exec(pc.currentLocalDescription.sdp)[1],
			phase: document.body.dataset.phase,
		};
	});
}

/* Cuts the line for `ms`; says how long each page then took to show new pictures. */
async function blackout(visitors, ms, meanwhile = () => {}) {
	await cutTheLine();
	const cut = performance.now();
	try {
		await meanwhile();
		await pause(ms - (performance.now() - cut));
	} finally {
		await mendTheLine();
	}
	const back = performance.now();
	return Promise.all(visitors.map(async (visitor) => {
		const { frames, connections } = await look(visitor);
		await until(`${visitor.kind} is back`, 30000, async () => {
			const now = await look(visitor);
			return now.phase === 'here' && now.state === 'connected' &&
			    (now.connections > connections || now.frames > frames + 5);
		});
		return (performance.now() - back) / 1000;
	}));
}

await enterNamespace();
await runTest(235, async (test) => {
	await prepareToCut();
	const server = await startServer(test);
	const other = startProcessClient(test, 'wrtc');
	const visitors = await Promise.all([
		visit(test, server, 'chromium', 'Ada'), visit(test, server, 'firefox', 'Grace')]);
	const { session } = await other.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: 'Painted',
		colour: palette.cyan,
	});
	const stream = await EventStream.open(`${session}/events`);
	test.atEnd(() => stream.close());
	await until('three tiles', 15000, () => stream.tilemap?.tiles.length === 3);
	const idOf = (name) => [...stream.people.values()].find((one) => one.name === name)?.id;
	const ids = visitors.map(({ name }) => idOf(name));
	const placesOf = () => ids.map((id) => JSON.stringify(stream.tileOf(id)));
	const places = placesOf();

	const kept = async (words, before) => {
		const after = await Promise.all(visitors.map(look));
		test.check(visitors.every(({ name }, i) => idOf(name) === ids[i]) &&
		    after.every(({ connections }, i) => connections === before[i].connections),
		`${words}: the same people on the same connections`);
		return after;
	};

	let before = await Promise.all(visitors.map(look));
	let seconds = await blackout(visitors, 4000);
	test.check(seconds.every((s) => s < 3), '4 s: the picture is back at once',
	    seconds.map((s) => s.toFixed(2)));
	await kept('4 s', before);

	before = await Promise.all(visitors.map(look));
	seconds = await blackout(visitors, 14000, async () => {
		await until('both are off the roster', 13900, () =>
		    ids.every((id) => !stream.people.has(id) && !stream.tileOf(id)));
	});
	test.check(seconds.every((s) => s < 8), '14 s: gone from the picture, and back',
	    seconds.map((s) => s.toFixed(2)));
	await until('three people again', 5000, () => stream.people.size === 3 &&
	    stream.tilemap.tiles.length === 3);
	const after = await kept('14 s', before);
	test.check(after.every(({ ufrag }, i) => ufrag !== before[i].ufrag),
	    '14 s: ICE was restarted meanwhile', after.map(({ ufrag }, i) =>
	        `${before[i].ufrag} ${ufrag}`));
	test.check(placesOf().join() === places.join(), '14 s: the tiles are where they were');

	before = await Promise.all(visitors.map(look));
	seconds = await blackout(visitors, 35000);
	test.check(seconds.every((s) => s < 12), '35 s: back by a new connection',
	    seconds.map((s) => s.toFixed(2)));
	await until('both are back', 10000, () => ids.every((id) => stream.tileOf(id)));
	test.check(visitors.every(({ name }, i) => idOf(name) === ids[i]),
	    '35 s: the same people');
	test.check(placesOf().join() === places.join(), '35 s: the tiles are where they were');
});
