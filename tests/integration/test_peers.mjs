// A meeting of headless peers: one that watches, one that sends, and one with H.264 who restarts
// ICE. It measures no speed, so that it can run under a sanitizer.
// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from 'node:child_process';
import path from 'node:path';
import { enterNamespace } from '../harness/namespace.mjs';
import { buildFolder, startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'peers';
const SECONDS = 12;

/* Starts a tessera-peer; `.over` becomes its exit code and what it printed. */
function startPeers(server, ...options) {
	const child = spawn(path.join(buildFolder(), 'tessera-peer'),
	    ['--join', `${server.public}/${ROOM}`, '--report', ...options],
	    { stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '', errors = '';

	child.stdout.on('data', (text) => { output += text; });
	child.stderr.on('data', (text) => { errors += text; });
	const over = new Promise((done) => {
		child.on('close', (code, signal) => done({ code: signal ?? code, output, errors }));
	});
	return { child, over };
}

/* The last figures of peer `number`, by name. */
function lastFigures(output, number) {
	const lines = output.split('\n').filter((line) => line.includes(` peer=${number} `));

	return Object.fromEntries((lines.at(-1) ?? '').split(' ').map((pair) => {
		const [name, value] = pair.split('=');
		return [name, Number(value)];
	}));
}

function checkEnd(test, who, { code, errors }) {
	if (!test.check(code === 0, `${who}: ends cleanly`, code))
		test.note(errors.slice(-8000));
}

await enterNamespace();
await runTest(100, async (test) => {
	const server = await startServer(test);
	const seconds = ['--seconds', String(SECONDS)];
	const both = startPeers(server, '--count', '3', '--size', '320x180', ...seconds);
	const sends = startPeers(server, '--mode', 'send', '--size', '320x180', ...seconds);
	const watches = startPeers(server, '--mode', 'watch', ...seconds);
	const other = startPeers(server, '--h264', '--size', '320x180', '--restart-every', '4',
	    ...seconds);
	const all = [both, sends, watches, other];

	test.atEnd(() => all.forEach(({ child }) => child.kill('SIGTERM')));
	await until('everybody is in the room', 30000, async () => {
		const room = await server.room(ROOM);
		return room?.people === 5 && room.watchers === 1;
	});
	test.check(true, 'four who meet and one who sends are people, one who watches is not');

	const [met, sent, watched, spoke] = await Promise.all(all.map(({ over }) => over));
	checkEnd(test, 'who meet', met);
	checkEnd(test, 'who sends', sent);
	checkEnd(test, 'who watches', watched);
	checkEnd(test, 'who speaks H.264', spoke);
	for (const [who, figures] of [0, 1, 2].map((n) => [`peer ${n}`, lastFigures(met.output, n)])
	    .concat([['who watches', lastFigures(watched.output, 0)],
	        ['who speaks H.264', lastFigures(spoke.output, 0)]])) {
		test.check(figures.frames > 0 && figures.audio_packets > 0,
		    `${who}: got pictures and sound`,
		    `${figures.frames} frames, ${figures.audio_packets} packets of sound`);
	}
	const { joins, failures, restarts } = lastFigures(spoke.output, 0);
	test.check(restarts > 0 && joins === 1 && failures === 0,
	    'an ICE restart changes nothing for who asks for it', `${restarts} restarts`);
	const silent = lastFigures(sent.output, 0);
	test.check(silent.joins === 1 && !silent.frames && !silent.audio_packets,
	    'who sends only gets nothing');
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died');
});
