// H.264, VP8, VP9 and AV1 in one room: who speaks one of them sees who speaks another.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 150
import { enterNamespace } from '../harness/namespace.mjs';
import { palette } from '../harness/analyse.mjs';
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { EventStream } from '../harness/events.mjs';
import { seesEverybody } from '../harness/mosaic.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { renditions, startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'babel';
const SWITCHES = ['VP9', 'AV1', 'H264', 'VP8'];

const first = { name: 'H.264 alone', colour: 'red', codecs: ['H264 packetization-mode=1'] };
const second = { name: 'VP8 alone', colour: 'green', codecs: ['VP8'] };
const senders = [
	{ name: 'VP9 alone', colour: 'blue', codec: 'VP9' },
	{ name: 'AV1 alone', colour: 'yellow', codec: 'AV1' },
];

async function joinBrowser(server, person, codecs = person.codecs) {
	Object.assign(person, await person.client.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: person.name,
		colour: palette[person.colour], codecs,
	}));
	await person.client.watching();
}

async function joinSender(test, server, person) {
	person.client = startProcessClient(test, 'wrtc');
	Object.assign(person, await person.client.join({
		url: `${server.public}/whip/${ROOM}`, name: person.name, mode: 'send',
		colour: palette[person.colour], codec: person.codec,
	}));
}

/* The events of a person; they end when he leaves. */
async function listen(test, server, { session }) {
	const stream = await EventStream.open(
	    `${server.public}${new URL(session, server.public).pathname}/events`);

	test.atEnd(() => stream.close());
	return stream;
}

/* Everybody in the tile map, in the eyes of the two browsers. */
async function checkEverybody(test, stream, words) {
	const people = [first, second, ...senders];

	await until('four tiles', 10000, () => stream.tilemap?.tiles.length === people.length);
	for (const { client, name } of [first, second]) {
		await seesEverybody(client, stream, people, 15000);
		test.check(true, `${name} sees everybody${words}`);
	}
}

async function checkCodecs(test) {
	const [one, two] = [await first.client.stats(), await second.client.stats()];

	test.check(one.sends === 'video/H264' && one.receives === 'video/H264',
	    'who speaks H.264 alone sends and gets it', `${one.sends}, ${one.receives}`);
	test.check(two.sends === 'video/VP8' && two.receives === 'video/VP8',
	    'who speaks VP8 alone sends and gets that', `${two.sends}, ${two.receives}`);
	for (const { client, codec, name } of senders) {
		const { sends } = await client.stats();
		test.check(sends === `video/${codec}`, `${name} sends ${codec}`, sends);
	}
}

async function framesOver(client, ms) {
	const before = await client.stats();

	await pause(ms);
	const after = await client.stats();
	return { frames: after.framesDecoded - before.framesDecoded,
		lost: after.packetsLost - before.packetsLost };
}

/* The one with VP8 joins again with all codecs and goes through them. */
async function checkSwitches(test, server) {
	await second.client.leave();
	await joinBrowser(server, second, ['VP8', 'VP9', 'AV1', 'H264 packetization-mode=1']);
	const stream = await listen(test, server, first);
	for (const codec of SWITCHES) {
		await second.client.sendCodec(codec);
		await until(`it sends ${codec}`, 10000, async () =>
			(await second.client.stats()).sends === `video/${codec}`);
		await pause(500);
		const [{ marker }] = await seesEverybody(first.client, stream, [second], 10000);
		await until('it moves', 5000, async () => marker !==
		    (await seesEverybody(first.client, stream, [second], 5000))[0].marker);
		test.check(true, `a sender goes over to ${codec} in mid-stream`);
	}
}

await enterNamespace();
await runTest(140, async (test) => {
	const server = await startServer(test);
	const origin = await servePeerPage(test, server.public);

	first.client = await startBrowserClient(test, 'chromium', origin);
	second.client = await startBrowserClient(test, 'chromium', origin);
	await joinBrowser(server, first);
	await pause(1500);
	const { encoders } = await renditions(server, ROOM);
	test.check(encoders.length && encoders.every(({ codec }) => codec === encoders[0].codec),
	    'nothing is encoded in a codec that nobody watches', JSON.stringify(encoders));
	await joinBrowser(server, second);
	const stream = await listen(test, server, second);
	for (const person of senders)
		await joinSender(test, server, person);
	await checkEverybody(test, stream, '');
	await checkCodecs(test);
	for (const { client, name } of [first, second]) {
		const { frames, lost } = await framesOver(client, 5000);
		test.check(frames >= 10 && lost === 0, `${name} decodes what is sent`,
		    `${frames} frames in 5 s, ${lost} packets lost`);
	}

	await first.client.leave();
	await joinBrowser(server, first, ['H264 packetization-mode=0']);
	await checkEverybody(test, stream, ' in packetization mode 0 too');
	const { receives } = await first.client.stats();
	test.check(receives === 'video/H264', 'which is H.264 still', receives);
	await checkSwitches(test, server);
});
