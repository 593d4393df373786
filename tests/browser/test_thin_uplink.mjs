// What is heard of who talks over a bad line by the page, in both browsers. By hand. timeout: 600
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Its meaning is a share of time that the server had to make up, so this needs a machine that does
// nothing else. `test_thin_uplink.mjs [firefox|chromium] [the line in words of udprelay]`. Chromium
// talks; Firefox without a sound card has a tone, in which Opus has no FEC.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Babble } from '../harness/babble.mjs';
import { joinByPage } from '../harness/browser-client.mjs';
import { figuresOf, wallClock } from '../harness/meter.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { steer } from '../harness/relay.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest } from '../harness/tap.mjs';

const WARM_UP_S = 15, SECONDS = 30, SPEECH_S = 20;
const lines = [
	{ words: 'rate 64 queue 1000', delay: 20, most: 1 },
	{ words: 'rate 40 queue 1000', delay: 20, most: 1 },
	{ words: 'loss 30', delay: 30, most: 2 },
];

/* 16 bits, 48 kHz, mono. */
async function speechFile(file) {
	const samples = new Babble().next(48000 * SPEECH_S);
	const head = Buffer.alloc(44);

	head.write('RIFF', 0);
	head.writeUInt32LE(36 + samples.byteLength, 4);
	head.write('WAVEfmt ', 8);
	head.writeUInt32LE(16, 16);
	head.writeUInt16LE(1, 20);
	head.writeUInt16LE(1, 22);
	head.writeUInt32LE(48000, 24);
	head.writeUInt32LE(96000, 28);
	head.writeUInt16LE(2, 32);
	head.writeUInt16LE(16, 34);
	head.write('data', 36);
	head.writeUInt32LE(samples.byteLength, 40);
	await writeFile(file, Buffer.concat([head, Buffer.from(samples.buffer)]));
	return file;
}

async function sent(page) {
	const reports = await page.evaluate(async () =>
		[...(await window.connections.at(-1).getStats()).entries()]);

	return figuresOf(new Map(reports));
}

async function talk(test, server, kind, { words, delay, most }, sound, index) {
	const room = `thin-${kind}-${index}`;
	const steered = await steer(test, server, { up: `delay ${delay} ${words}`,
		down: `delay ${delay}` });
	const page = await joinByPage(test, kind, `${steered.origin}/${room}?audio=raw`, kind,
	    kind === 'chromium' ? sound : '');
	const madeUp = () => server.metric(`tessera_room_audio_concealed_total{room="${room}"}`);

	await pause(WARM_UP_S * 1000);
	steered.relay.say('reset');
	const before = await sent(page), concealed = await madeUp();
	const start = wallClock();
	let last = concealed, course = '';
	for (let i = 0; i < SECONDS; i++) {
		await pause(start + 1000 * (i + 1) - wallClock());
		const now = await madeUp();
		course += ` ${now - last}`;
		last = now;
	}
	const after = await sent(page), { up } = await steered.relay.report();
	const ms = wallClock() - start;
	const kbps = (of) => Math.round(8 * (of(after) - of(before)) / ms);
	const percent = 2000 * (last - concealed) / ms;

	test.note(`frames made up in each second:${course}`);
	test.check(percent <= most, `${kind}, ${words}: the voice is whole`,
	    `${percent.toFixed(2)} % made up; sound ${kbps(({ sentAudio: a }) =>
		    a.bytes + a.headers)}, video ${kbps(({ sentVideo: v }) =>
		    (v?.bytes ?? 0) + (v?.headers ?? 0))} kbit/s; ` +
	    `queue p95 ${up.queue_ms.p95} ms`);
	await page.browser().close();
	steered.relay.kill();
}

const [kinds = 'chromium,firefox', only = ''] = process.argv.slice(2);

await enterNamespace();
await runTest(590, async (test) => {
	const server = await startServer(test);
	const sound = await speechFile(path.join(test.folder, 'speech.wav'));
	let index = 0;

	for (const kind of kinds.split(','))
		for (const line of lines.filter(({ words }) => words.includes(only)))
			await talk(test, server, kind, line, sound, index++);
});
