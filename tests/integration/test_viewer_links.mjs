// Twenty viewers on three links: each gets what his own carries, and nothing is encoded that nobody
// watches.
// SPDX-License-Identifier: GPL-3.0-or-later
// timeout: 220
//
// Which rendition they end up with depends on the machine, too; what they cost is for
// tests/soak/viewers.mjs.
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { steer } from '../harness/relay.mjs';
import { renditionWords, renditions, roomFigures, startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'links';
/* A good one, one that loses, and one that carries 150 kbit/s to each of six. */
const LINKS = [['', 7], ['loss 15', 7], ['rate 900', 6]];
const VIEWERS = 20;
const QUIET = 5;		/* looks in a row, a second between two */
const LINGER = 13;		/* looks, while an encoder may still be there */

await enterNamespace();
await runTest(200, async (test) => {
	const server = await startServer(test);
	const crowds = [];

	startHeadless(test, server, ROOM, '--mode', 'send', '--count', 2, '--stay');
	await until('two send', 30000, async () => (await roomFigures(server, ROOM)).people === 2);
	for (const [words, count] of LINKS) {
		const line = words ? await steer(test, server, { down: words }) : null;
		crowds.push(startHeadless(test, line ? { public: line.origin } : server, ROOM,
		    '--mode', 'watch', '--count', count, '--stay'));
	}
	await until('twenty watch', 60000, async () =>
	    (await roomFigures(server, ROOM)).viewers === VIEWERS);

	/* Who moves leaves an encoder behind, which lingers for 10 s. */
	const looks = [];
	const watched = (encoder) => looks.some((viewers) => viewers.some(({ codec, rung }) =>
	    codec === encoder.codec && rung === encoder.rung));
	let quiet = 0, last = null;
	await until('no more encoders than renditions watched', 80000, async () => {
		last = await renditions(server, ROOM);
		looks.push(last.viewers);
		looks.splice(0, looks.length - LINGER);
		const good = looks.length === LINGER && last.encoders.length > 0 &&
		    last.encoders.every(watched);
		quiet = good ? quiet + 1 : 0;
		return quiet >= QUIET;
	}, 1000);
	test.check(last.encoders.every(({ count }) => count === 1),
	    'twenty viewers on three links have no more encoders than renditions watched',
	    `watched ${renditionWords(last.viewers)}; made ${renditionWords(last.encoders)}`);
	const moved = await until('who has a bad link gets another rendition', 60000, async () => {
		const { viewers } = await renditions(server, ROOM);
		return viewers.length > 1 && viewers;
	}, 500).catch(() => null);
	test.check(moved, 'not all of them watch the same',
	    moved ? renditionWords(moved) : 'all do');
	const { audioEncoders } = await roomFigures(server, ROOM);
	test.note(`${audioEncoders} encoders of sound`);

	await Promise.all(crowds.map((crowd) => crowd.leave()));
	const left = await until('no encoder is left', 60000, async () => {
		const figures = await roomFigures(server, ROOM);
		return figures.viewers === 0 && figures.videoEncoders === 0 && figures;
	}, 500);
	test.check(left.videoEncoders === 0, 'and none when they have left');
});
