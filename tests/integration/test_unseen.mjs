// Who has no tile is not decoded, and sends next to nothing.
// SPDX-License-Identifier: GPL-3.0-or-later
import { startHeadless } from '../harness/headless.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { roomFigures, startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'crowd';
const TILES = 49, PEOPLE = 52, WAIT_MS = 60000;

await enterNamespace();
await runTest(110, async (test) => {
	const server = await startServer(test, 'participants_max: 60\n');
	const crowd = startHeadless(test, server, ROOM, '--count', PEOPLE, '--size', '160x90',
	    '--fps', 2, '--kbps', 30, '--no-audio', '--mode', 'send');
	const viewer = startProcessClient(test, 'wrtc');
	const comes = (count) => until(`${count} of ${PEOPLE} are decoded`, WAIT_MS, async () => {
		const { streams, streamsDecoded } = await roomFigures(server, ROOM);
		return streams === PEOPLE && streamsDecoded === count;
	}, 500);

	await comes(0);
	test.check((await roomFigures(server, ROOM)).framesDecoded === 0,
	    'while nobody watches, nobody is decoded');
	await viewer.join({ url: `${server.public}/whep/${ROOM}?max=180p`, mode: 'watch' });
	await comes(TILES);
	test.check(true, 'of people without a tile nothing is decoded', `${TILES} of ${PEOPLE}`);
	await viewer.leave();
	await comes(0);
	test.check(true, 'and of nobody when the only one who watched is gone');
	await crowd.leave();
});
