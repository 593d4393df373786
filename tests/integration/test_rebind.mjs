// A peer whose address changes in mid-call, as behind a NAT that forgets it.
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { EventStream } from '../harness/events.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

const ROOM = 'moving-train';
/* Its media tells; its next check would come within 2.5 s, and one second is for the machine. */
const GAP_MS = 4000;

await enterNamespace();
await runTest(90, async (test) => {
	const server = await startServer(test);
	const watcher = startProcessClient(test, 'wrtc');
	const { session } = await watcher.join({
		url: `${server.public}/v1/rooms/${ROOM}/join`, name: 'Watcher', toneHz: 500,
	});
	const stream = await EventStream.open(`${session}/events`);
	test.atEnd(() => stream.close());

	const mover = startHeadless(test, server, ROOM, '--name', 'Mover', '--size', '320x180',
	    '--rebind-after', 6);
	await until('the peer has a tile', 20000, () => stream.tilemap?.tiles.length === 2);
	const [id] = [...stream.people.keys()].filter((one) => one !== stream.you);
	await until('the peer has moved', 15000, () => mover.last().rebinds === 1);
	const moved = mover.figures.length - 1;
	await pause(7000);

	const after = mover.figures.slice(moved);
	const gap = Math.max(...after.map(({ audio_gap_ms: ms }) => ms));
	test.check(gap <= GAP_MS, 'who moves hears the others again', `after ${gap} ms`);
	const [first, last] = after.slice(-3);
	const rate = (last.audio_packets - first.audio_packets) * 1000 / (last.t_ms - first.t_ms);
	test.check(rate > 40, 'and goes on hearing them', `${rate.toFixed(0)} packets a second`);
	test.check(mover.last().joins === 1 && mover.last().failures === 0 &&
	    mover.last().connected === 1, 'in the same call');
	const said = stream.events.filter(({ event, data }) =>
		event === 'roster' && data.person.id === id).map(({ data }) =>
		`${data.op} ${data.person.state}`);
	test.check(!said.some((words) => words.startsWith('left') || words.endsWith('weak')),
	    'the others notice nothing', said);
	test.check(stream.people.get(id)?.state === 'here' && stream.tileOf(id),
	    'who moved is there, with a tile');
	await mover.leave();
});
