// Wrong input of every kind, to a real room: the documented status and words, and no secret in the
// log at its most talkative.
// SPDX-License-Identifier: GPL-3.0-or-later
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { enterNamespace } from '../harness/namespace.mjs';
import { Secrets } from '../harness/secrets.mjs';
import { startServer } from '../harness/server.mjs';
import { runTest, until } from '../harness/tap.mjs';

const ROOM = 'customs';
const offer = async (name) => (await readFile(
	new URL(`../data/offers/${name}.sdp`, import.meta.url), 'utf8'));
const secrets = new Secrets();

async function post(server, path, body, headers = {}) {
	const response = await fetch(server.public + path, {
		method: 'POST', headers: { 'content-type': 'application/sdp', ...headers }, body,
	});
	const text = await response.text();

	secrets.keepSdp(String(body));
	if (response.status === 201) {
		secrets.keepSdp(text);
		secrets.keepSession(response.headers.get('location'));
		return { status: 201, answer: text, location: response.headers.get('location') };
	}
	return { status: response.status, ...JSON.parse(text || '{}') };
}

/* Bytes as they are, over a socket of their own; the head of the answer. */
async function raw(server, text) {
	const socket = net.connect(Number(new URL(server.public).port), '127.0.0.1');
	let answer = '';

	socket.write(text);
	for await (const part of socket) {
		answer += part;
		if (answer.includes('\r\n\r\n'))
			break;
	}
	socket.destroy();
	return { status: Number(answer.split(' ')[1]), type: /"type":"([^"]+)"/.exec(answer)?.[1] };
}

/* An offer with `count` copies of its last section. */
function sections(sdp, count) {
	const at = sdp.lastIndexOf('m=');
	const copies = Array.from({ length: count }, (_, i) =>
		sdp.slice(at).replace(/a=mid:\S+/, `a=mid:x${i}`));

	return sdp.slice(0, at) + copies.join('');
}

await enterNamespace();
await runTest(110, async (test) => {
	const server = await startServer(test, 'log_level: debug\n');
	const good = await offer('chromium_sendrecv');
	const join = `/v1/rooms/${ROOM}/join`;

	const refused = (words, got, status, type, detail = null) => test.check(
	    got.status === status && got.type === `urn:tessera:problem:${type}` &&
	    (!detail || detail.test(got.detail)), words,
	    `${got.status} ${got.type} ${got.detail ?? ''}`);

	for (const path of [join, `/whip/${ROOM}`, `/whep/${ROOM}`]) {
		const way = path.split('/')[path === join ? 4 : 1];

		refused(`${way}: no SDP`, await post(server, path, 'hello'), 422, 'bad-offer',
		    /begin with v=0/);
		refused(`${way}: a malformed line`, await post(server, path,
		    good.replace('a=mid:0', 'a=mid:')), 422, 'bad-offer', /malformed line/);
		refused(`${way}: half an SDP`, await post(server, path,
		    good.slice(0, good.indexOf('m='))), 422, 'bad-offer', /neither audio nor/);
		refused(`${way}: another type`, await post(server, path, good,
		    { 'content-type': 'text/plain' }), 415, 'media-type', /application\/sdp/);
		refused(`${way}: above 64 KiB`, await post(server, path, 'a'.repeat(65537)),
		    413, 'too-large');
		refused(`${way}: 17 sections`, await post(server, path,
		    await offer('chromium_seventeen')), 422, 'bad-offer', /more than 16/);
		refused(`${way}: 2001 lines`, await post(server, path,
		    good + 'a=x\r\n'.repeat(2001)), 422, 'bad-offer', /too many lines/);
		refused(`${way}: without Opus`, await post(server, path,
		    await offer('chromium_no_opus_audio')), 422, 'bad-offer', /no Opus/);
		refused(`${way}: an answer that is not accepted`, await post(server, path, good,
		    { accept: 'text/html' }), 406, 'not-acceptable');
	}
	for (const name of ['whip', 'whep', 'v1', 'healthz', 'readyz', 'metrics', 'demo-assets',
		'Blue', 'a_b', 'a'.repeat(65), 'a%20b']) {
		for (const path of [`/v1/rooms/${name}/join`, `/whip/${name}`, `/whep/${name}`])
			refused(`${path.slice(0, 40)}: no name of a room`,
			    await post(server, path, good), 404, 'room-name', /1 to 64/);
	}
	refused('a body in chunks', await raw(server, `POST ${join} HTTP/1.1\r\nHost: a\r\n` +
	    'Content-Type: application/sdp\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nv=0\r\n\r\n'),
	    411, 'length-required');

	const silent = await post(server, join, await offer('chromium_no_opus'));
	test.check(silent.status === 201 && /^m=audio 0 /m.test(silent.answer) &&
	    /^m=video [1-9]/m.test(silent.answer), 'without Opus but with VP8: the picture alone');
	const sixteen = await post(server, join, sections(good, 15).replace(
	    /^a=group:.*\r\n/m, 'a=group:BUNDLE 0 x0\r\n').replace(/^a=ssrc.*\r\n/gm, ''));
	test.check(sixteen.status === 201 &&
	    sixteen.answer.match(/^m=/gm).length === 16 &&
	    sixteen.answer.match(/^m=\w+ 0 /gm).length === 14,
	    '16 sections: two are taken, the others answered with port 0',
	    `${sixteen.status} ${sixteen.detail ?? ''}`);

	const mux = await post(server, join,
	    good.replaceAll('a=rtcp-mux\r\n', 'a=rtcp-mux\r\na=rtcp-mux-only\r\n'));
	test.check(mux.answer?.match(/^a=rtcp-mux-only\r$/gm)?.length === 2 &&
	    !/mux-only/.test(sixteen.answer), 'who can only multiplex is answered so');

	/* One id for two meanings in a bundle, as aiortc has it. */
	const ids = good.replaceAll(/^a=extmap:\d+(\S*) (.*)$/gm, 'a=extmap:5$1 $2');
	const collided = await post(server, join, ids);
	const uris = new Set((collided.answer?.match(/^a=extmap:5\S* (.*)$/gm) ?? [])
		.map((line) => line.split(' ')[1]));
	test.check(collided.status === 201 && uris.size <= 1,
	    'ids of extensions that collide: answered with one meaning at most', [...uris]);

	const { location } = collided;
	const patch = (headers, body) => fetch(server.public + location,
	    { method: 'PATCH', headers, body }).then(async (response) => ({
		status: response.status, ...JSON.parse(await response.text() || '{}'),
	}));
	const fragment = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
	refused('half of the ICE credentials', await patch(fragment, 'a=ice-ufrag:abcd\r\n'), 400,
	    'bad-request', /half of the ICE credentials/);
	refused('no fragment', await patch(fragment, 'hello'), 400, 'bad-request', /malformed/);
	refused('no If-Match', await patch({ 'content-type': fragment['content-type'] }, 'a=x'),
	    428, 'precondition-required');
	refused('an old ETag', await patch({ ...fragment, 'if-match': '"old"' }, 'a=x'), 412,
	    'precondition');
	refused('a type that goes not here', await patch({ 'content-type': 'text/plain' }, 'x'),
	    415, 'media-type');
	const restart = await fetch(server.public + location, { method: 'PATCH',
		headers: fragment, body: 'a=ice-ufrag:freshfreshfresh\r\n' +
		    'a=ice-pwd:freshfreshfreshfreshfresh\r\n' });
	secrets.keepSdp(await restart.text());
	secrets.keep('freshfreshfresh', 'freshfreshfreshfreshfresh');
	test.check(restart.status === 200, 'after all that, ICE can be restarted', restart.status);

	/* One who comes back, and who tries to; both with a token as for WHIP. */
	const token = 'a-bearer-token-of-somebody';
	const session = location.split('/').pop();
	secrets.keep(token);
	for (const resume of [session, session, `${'A'.repeat(42)}4`, 'not-a-session-at-all']) {
		secrets.keep(resume);
		await post(server, join, good, { authorization: `Bearer ${token}`,
			'tessera-resume': resume });
	}
	await fetch(`${server.public}/v1/sessions/${session}?token=${token}`,
	    { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
	/* One who changes his name, and strangers who come and go, as fast as they can. */
	const names = [];
	const page = good.replaceAll('a=ice-ufrag:', 'a=ice-ufrag:again');
	const { location: own } = await post(server, join, page);

	for (let i = 0; i < 200; i++) {
		names.push((await fetch(server.public + own, { method: 'PATCH',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ name: `Ada ${i}` }) })).status);
	}
	test.check(names.slice(0, 50).every((status) => status === 204) &&
	    names.includes(429), 'who changes too often is told so',
	    `${names.filter((status) => status === 429).length} of ${names.length}`);

	const joins = [];

	await Promise.all([1, 2, 3].map(async () => {
		for (let i = 0; i < 350; i++) {
			const got = await post(server, join, page);

			joins.push(got);
			if (got.location)
				await fetch(server.public + got.location, { method: 'DELETE' });
		}
	}));
	const turned = joins.filter(({ status }) => status !== 201);
	test.check(joins.length - turned.length >= 200 && turned.length > 0 &&
	    turned.every(({ status, detail }) => status === 503 && /at once/.test(detail)),
	    'of 1050 joins in a row many are turned away with words',
	    `${turned.length}: ${turned[0]?.detail}`);
	await until('somebody can join again', 10000, async () =>
		(await post(server, join, page)).status === 201);
	test.check(await server.metric('tessera_workers_killed_total{reason="wrong"}') === 0,
	    'and the room goes on');

	await secrets.keepKeys(path.join(test.folder, 'state'));
	secrets.check(test, server.log);
	test.check(await server.metric('tessera_workers_died_total') === 0, 'no room died of it');
});
