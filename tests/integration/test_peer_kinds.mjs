// Peers of every kind: each sees and hears somebody of the usual kind, who sees and hears him.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 240
//
// A kind is a real client and what is changed in its offer, or in the answer that it gets. VP8
// alone and H.264 alone: test_codecs.mjs.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { enterNamespace } from '../harness/namespace.mjs';
import { palette, toneLevels } from '../harness/analyse.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { seesEverybody } from '../harness/mosaic.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { Secrets } from '../harness/secrets.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'menagerie';
const RECORD_MS = 2000, TONE_LEAST_DB = -50, LISTEN_MS = 30000;
/* An address of the test's own: browsers gather no candidate of ::1. */
const IPV6 = 'fd99::1';

const secrets = new Secrets();
const host = { name: 'Host', colour: 'red', toneHz: 500 };
const guest = { colour: 'blue', toneHz: 710 };

const passive = { offer: [['^a=setup:actpass', 'a=setup:active']] };
const ipv6Alone = { answer: [['^a=candidate:\\S+ 1 udp \\d+ [\\d.]+ .*\\r\\n', '']] };
const level = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

const has = (pattern) => ({ answer }) => pattern.test(answer);
const hasNot = (pattern) => ({ answer }) => !pattern.test(answer);
const isPassive = has(/^a=setup:passive\r$/m);
const isIpv6 = ({ answer }) => /^a=candidate:.* udp \d+ [0-9a-f]*:[0-9a-f:]+ /m.test(answer) &&
    !/^a=candidate:.* udp \d+ [\d.]+ /m.test(answer);

/*
 * The congestion control of libwebrtc begins with 300 kbit/s. With transport-cc in the answer it
 * gets beyond only by feedback for the sequence numbers in our extension.
 */
const START_BPS = 300000;

async function getsTransportFeedback(test, client) {
	const { available } = await until('the estimate of the line grows', 40000, async () => {
		const stats = await client.stats();
		return stats.available > 1.1 * START_BPS && stats;
	}, 200);

	test.check(true, 'its transport sequence numbers are read',
	    `${Math.round(available / 1000)} kbit/s`);
}

async function getsRembAlone(test, client) {
	const { feedback } = await until('REMB', 10000, async () => {
		const stats = await client.stats();
		return stats.feedback['206/15'] > 0 && stats;
	}, 200);

	test.check(!feedback['205/15'], 'it gets REMB and no transport feedback',
	    JSON.stringify(feedback));
}

const kinds = [
	{ words: 'who insists on being the DTLS client, Chromium', client: 'chromium',
		edits: passive, agreed: isPassive },
	{ words: 'who insists on being the DTLS client, Firefox', client: 'firefox',
		edits: passive, agreed: isPassive },
	{ words: 'who insists on being the DTLS client, aiortc', client: 'aiortc',
		edits: passive, agreed: isPassive },
	{ words: 'who has IPv6 alone, Chromium', client: 'chromium', edits: ipv6Alone,
		agreed: isIpv6 },
	{ words: 'who has IPv6 alone, libwebrtc', client: 'wrtc', edits: ipv6Alone,
		agreed: isIpv6 },
	{ words: 'who tells no audio levels', client: 'wrtc',
		edits: { offer: [[`^a=extmap:\\d+ ${level}\\r\\n`, '']] },
		agreed: hasNot(/ssrc-audio-level/) },
	{ words: 'who knows no transport-cc, libwebrtc', client: 'wrtc',
		edits: { offer: [['^a=extmap:\\d+ \\S+transport-wide-cc\\S+\\r\\n', ''],
			['^a=rtcp-fb:\\d+ transport-cc\\r\\n', '']] },
		agreed: ({ answer }) => !/transport/.test(answer) &&
		    /^a=rtcp-fb:\d+ goog-remb\r$/m.test(answer) },
	{ words: 'who knows no transport-cc, aiortc', client: 'aiortc', edits: {},
		agreed: hasNot(/transport-cc|transport-wide/), also: getsRembAlone },
	/* Such ids do not fit the one-byte form. */
	{ words: 'who has header extensions of the two-byte form', client: 'wrtc',
		edits: { offer: [['^a=extmap:(\\d+) ', 'a=extmap:2$1 ']] },
		agreed: ({ answer }) => /^a=extmap-allow-mixed\r$/m.test(answer) &&
		    /^a=extmap:2\d \S+audio-level/m.test(answer) &&
		    /^a=extmap:2\d \S+transport-wide-cc/m.test(answer),
		also: getsTransportFeedback },
];

async function hears(client, person) {
	let heard;

	return until('a tone', LISTEN_MS, async () => {
		[heard] = toneLevels(await client.record(RECORD_MS), [person.toneHz]);
		return heard >= TONE_LEAST_DB && heard.toFixed(1);
	}, 0).catch(() => {
		throw new Error(`${client.kind} does not hear ${person.toneHz} Hz: ${heard} dBFS`);
	});
}

async function checkKind(test, server, stream, clients, kind) {
	const client = clients[kind.client];
	const joined = await client.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: kind.words.slice(0, 40),
		colour: palette[guest.colour], toneHz: guest.toneHz, edits: kind.edits,
	});
	secrets.keepSdp(joined.offer);
	secrets.keepSdp(joined.answer);
	secrets.keepSession(joined.session);
	const visitor = { ...guest, participant: joined.participant };
	const people = [host, visitor];

	test.check(kind.agreed(joined), `${kind.words}: the answer is for that kind`);
	await client.watching(20000);
	await until('both have a tile', 10000, () => people.every(({ participant }) =>
		stream.tileOf(participant)));
	await seesEverybody(client, stream, people, 20000);
	await seesEverybody(host.client, stream, people, 20000);
	test.check(true, 'sees and is seen');
	test.check(true, 'hears', `${await hears(client, host)} dBFS`);
	test.check(true, 'is heard', `${await hears(host.client, visitor)} dBFS`);
	await until('who talks is named', 10000, () =>
		stream.speaking.includes(visitor.participant));
	test.check(true, 'is one of those who speak');
	await kind.also?.(test, client);
	await client.leave();
	await until('the tile is gone', 10000, () => !stream.tileOf(visitor.participant));
}

await enterNamespace();
await runTest(230, async (test) => {
	await promisify(execFile)('ip', ['-6', 'address', 'add', `${IPV6}/64`, 'dev', 'tessera0',
		'nodad']);
	const server = await startServer(test, 'log_level: debug\n');
	const origin = await servePeerPage(test, server.public);
	const clients = {};

	host.client = startProcessClient(test, 'wrtc');
	Object.assign(host, await host.client.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: host.name,
		colour: palette[host.colour], toneHz: host.toneHz,
	}));
	const stream = await EventStream.open(`${host.session}/events`);
	test.atEnd(() => stream.close());
	for (const kind of kinds) {
		clients[kind.client] ??= ['chromium', 'firefox'].includes(kind.client) ?
			await startBrowserClient(test, kind.client, origin, guest.toneHz) :
			startProcessClient(test, kind.client);
		await checkKind(test, server, stream, clients, kind);
	}
	secrets.check(test, server.log);
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
