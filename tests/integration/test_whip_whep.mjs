// One sends by WHIP, another watches by WHEP.
// SPDX-License-Identifier: GPL-3.0-or-later
import { enterNamespace } from '../harness/namespace.mjs';
import { palette, toneLevels } from '../harness/analyse.mjs';
import { EventStream, eventsOf } from '../harness/events.mjs';
import { seesEverybody } from '../harness/mosaic.mjs';
import { startProcessClient } from '../harness/process-client.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'stage';
const TONE_HZ = 710, THIN_HZ = 1870, SECONDS = 4;
const ORIGIN = 'https://player.example';

/* The direction of each m-line of an SDP. */
function directions(sdp) {
	return sdp.match(/^a=(sendrecv|sendonly|recvonly|inactive)/gm)
		?.map((line) => line.slice(2));
}

async function checkPreflight(test, server) {
	for (const path of [`/whip/${ROOM}`, `/whep/${ROOM}`]) {
		const { status, headers } = await fetch(server.public + path, {
			method: 'OPTIONS',
			headers: {
				origin: ORIGIN, 'access-control-request-method': 'POST',
				'access-control-request-headers': 'content-type',
			},
		});
		const methods = headers.get('access-control-allow-methods');
		test.check(status === 200 && headers.get('accept-post') === 'application/sdp' &&
		    headers.get('access-control-allow-origin') === '*' && /POST/.test(methods) &&
		    /content-type/i.test(headers.get('access-control-allow-headers')),
		    `OPTIONS ${path} lets any origin post SDP`,
		    `${status}, Accept-Post ${headers.get('accept-post')}, methods ${methods}`);
	}
	const { headers } = await fetch(`${server.public}/v1/rooms/${ROOM}/presence`,
	    { headers: { origin: ORIGIN } });
	test.check(!headers.get('access-control-allow-origin'),
	    'other routes are for no other origin');
}

async function checkRefusals(test, server) {
	const refused = async (words, type, body, status, problem) => {
		const response = await fetch(`${server.public}/whip/${ROOM}`, {
			method: 'POST', headers: { 'content-type': type, origin: ORIGIN }, body,
		});
		const said = await response.json().catch(() => ({}));
		/* A body too large is refused before its route is known. */
		test.check(response.status === status &&
		    said.type === `urn:tessera:problem:${problem}` &&
		    (status === 413 ||
		    response.headers.get('access-control-allow-origin') === '*'), words,
		    `${response.status} ${said.type}`);
	};

	await refused('an offer of another type is refused', 'text/plain', 'v=0\r\n',
	    415, 'media-type');
	await refused('what is no offer is refused', 'application/sdp', 'hello',
	    422, 'bad-offer');
	await refused('an offer above 64 KiB is refused', 'application/sdp', 'a'.repeat(65537),
	    413, 'too-large');
}

function checkAnswer(test, words, { status, headers, answer }, way, direction) {
	const found = directions(answer);

	test.check(status === 201 && found?.length === 2 && found.every((one) => one === direction),
	    words, `${status}, answered ${found}`);
	test.check(new RegExp(`^/${way}/${ROOM}/[\\w-]{43}$`).test(headers.location) &&
	    headers.etag && headers['accept-patch'] === 'application/trickle-ice-sdpfrag' &&
	    headers['content-type'] === 'application/sdp' &&
	    headers['access-control-allow-origin'] === '*' &&
	    /location/i.test(headers['access-control-expose-headers']),
	    `${words}: Location, ETag and CORS`, `ETag ${headers.etag}`);
}

/* Who knows that the line is thin is asked for long packets of few bits, and heard. */
async function checkThinLine(test, server, viewer) {
	const thin = startProcessClient(test, 'wrtc');
	const { answer } = await thin.join({
		url: `${server.public}/whip/${ROOM}?up=40`, name: 'Thin', mode: 'send',
		colour: palette.red, toneHz: THIN_HZ,
	});

	test.check(/^a=fmtp:\d+ .*;maxaveragebitrate=20000\r\na=ptime:60\r$/m.test(answer) &&
	    /^b=TIAS:30000\r$/m.test(answer), 'a thin line up is answered by what it carries',
	/^a=fmtp.*opus.*|^a=fmtp.*inband.*/m.exec(answer)?.[0]);
	const level = await until('the tone of who has a thin line', 15000, async () => {
		const [found, elsewhere] = toneLevels(await viewer.record(1000), [THIN_HZ, 1430]);
		return found > -50 && found - elsewhere > 20 && found;
	});
	test.check(true, 'and is heard in packets of 60 ms', `${level.toFixed(1)} dBFS`);
	await thin.leave();
}

await enterNamespace();
await runTest(110, async (test) => {
	const server = await startServer(test);
	const [sender, viewer] = ['wrtc', 'wrtc'].map((kind) => startProcessClient(test, kind));

	await checkPreflight(test, server);
	await checkRefusals(test, server);

	const sent = await sender.join({
		url: `${server.public}/whip/${ROOM}`, name: 'Camera', mode: 'both',
		colour: palette.cyan, toneHz: TONE_HZ, headers: { origin: ORIGIN },
	});
	checkAnswer(test, 'WHIP answers recvonly to a sendrecv offer', sent, 'whip', 'recvonly');
	const watched = await viewer.join({
		url: `${server.public}/whep/${ROOM}`, mode: 'watch', headers: { origin: ORIGIN },
	});
	checkAnswer(test, 'WHEP answers sendonly', watched, 'whep', 'sendonly');

	await viewer.watching();
	const stream = await EventStream.open(eventsOf(sent.session));
	test.atEnd(() => stream.close());
	await until('one tile', 5000, () => stream.tilemap?.tiles.length === 1);
	test.check(stream.people.size === 1, 'who watches by WHEP is not a person',
	    `${stream.people.size} people`);
	const [seen] = await seesEverybody(viewer, stream,
	    [{ participant: sent.participant, colour: 'cyan' }]);
	test.check(seen.right, 'the colour sent by WHIP is in its tile', seen.colour);

	const before = await viewer.stats();
	const sound = await viewer.record(SECONDS * 1000);
	const [level, elsewhere] = toneLevels(sound, [TONE_HZ, 1430]);
	test.check(level > -50 && level - elsewhere > 30, 'the tone sent by WHIP arrives',
	    `${level.toFixed(1)} dBFS, elsewhere ${elsewhere.toFixed(1)}`);
	const { framesDecoded } = await viewer.stats();
	test.check(framesDecoded - before.framesDecoded >= 8 * SECONDS, 'the pictures go on',
	    `${framesDecoded - before.framesDecoded} in ${SECONDS} s`);
	test.check((await sender.stats()).framesDecoded === 0,
	    'nothing is sent to who sends by WHIP');

	await checkThinLine(test, server, viewer);
	const [room] = await server.rooms();
	test.check(room?.name === ROOM && room.people === 1 && room.watchers === 1,
	    'the list of rooms has one person and one watcher', JSON.stringify(room));

	test.check((await viewer.leave()).status === 200, 'DELETE ends the WHEP session');
	test.check((await sender.leave()).status === 200, 'DELETE ends the WHIP session');
	const again = await fetch(sent.session, { method: 'DELETE' });
	test.check(again.status === 404, 'a session ends once', again.status);
	await until('the stream says that the session ended', 3000, () => stream.ended);
	test.check(stream.ended === 'left', 'the event stream says why it ends', stream.ended);
	test.check((await server.rooms())[0]?.people === 0, 'nobody is in the room any more');
});
