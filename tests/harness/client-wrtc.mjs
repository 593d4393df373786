/*
 * A WebRTC client on libwebrtc (@roamhq/wrtc), driven by lines of JSON on standard input.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   join   {url, name, mode, colour, toneHz, codec, edits}  mode: both (send and watch), send,
 *          watch; for `url` see join() below; toneHz: or 'speech'; codec: the offer has this
 *          video codec alone;
 *          edits: {offer: [[pattern, replacement]…], answer: […]}, on the way to the other side;
 *          size: [width, height] of the picture; layers: [{rid, scaleResolutionDownBy}…], simulcast
 *          → {status, headers, session, participant, offer, answer}
 *   stats  → {framesDecoded, framesReceived, packetsLost, keyFramesDecoded, width, height,
 *          available (bit/s, what its congestion control thinks that it may send), videoBytes
 *          (sent, with headers)}
 *   look   {points: [[x, y]…]} in fractions → {width, height, colours: [[r, g, b]…]}
 *   record {ms, file} raw 48 kHz mono s16
 *   measure {tile} begins, measured ends and gives {samples, pictures} as in meter.mjs; tile: a
 *          place {x, y, w, h} in fractions whose changes mark the pictures
 *   follow {up: {wanted_kbps, line_kbps}} of an event `quality`: sends what the line up carries, as
 *          the page does
 *   leave  DELETEs the session and closes
 *   crowd  {url, count}: as many more who watch; crowdStats → a list of their stats
 */
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import wrtc from '@roamhq/wrtc';
import { Babble } from './babble.mjs';
import { Meter } from './meter.mjs';
import { load } from '../web/modules.mjs';

const { withThinSound } = await load('thin_sound.js');
const { RTCVideoSource, RTCVideoSink, RTCAudioSource, RTCAudioSink } = wrtc.nonstandard;
const SIZE = [320, 240], FPS = 15;
const AMPLITUDE = 32768 * 10 ** (-26 / 20);

let connection = null;
let session = null;
let agreed = '';		/* the answer */
let videoTrack = null, videoSender = null;
let followed = Promise.resolve(), obeyed = '';
let meter = null, watched = null;
const crowd = [];		/* connections that only watch */
const received = { audio: null, video: null };	/* tracks */
const keep = [];		/* what must not be collected */

/* ---- sending ------------------------------------------------------------------------- */

function toYuv([r, g, b]) {
	return [
		16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256,
		128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256,
		128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256,
	].map(Math.round);
}

/* A plain colour with a white square that moves along the lower edge. */
function paint(yuv, count, [width, height]) {
	const size = width * height;
	const data = new Uint8ClampedArray(size * 3 / 2);
	const left = count * 8 % (width - 24) & ~1;

	data.fill(yuv[0], 0, size);
	data.fill(yuv[1], size, size * 5 / 4);
	data.fill(yuv[2], size * 5 / 4);
	for (let y = height - 32; y < height - 8; y++)
		data.fill(235, y * width + left, y * width + left + 24);
	for (let y = height / 2 - 16; y < height / 2 - 4; y++) {
		const row = size + y * width / 2 + left / 2;
		data.fill(128, row, row + 12);
		data.fill(128, row + size / 4, row + size / 4 + 12);
	}
	return { width, height, data };
}

/* Calls `make(n)` for n = 0, 1, 2… at `rate` a second on the whole, whatever timers do. */
function atRate(rate, everyMs, make) {
	const start = performance.now();
	let made = 0;

	keep.push(setInterval(() => {
		const due = Math.floor((performance.now() - start) * rate / 1000);
		if (due - made > rate)	/* the machine stood still for a second: do not flood */
			made = due - 1;
		while (made < due)
			make(made++);
	}, everyMs));
}

function sendVideo(colour, size = SIZE) {
	const source = new RTCVideoSource();
	const yuv = toYuv(colour);

	keep.push(source);
	atRate(FPS, 1000 / FPS, (count) => source.onFrame(paint(yuv, count, size)));
	return source.createTrack();
}

/* 10 ms of a tone, the `count`th. */
function toneOf(hz, count) {
	const turn = 2 * Math.PI * hz / 48000;

	return Int16Array.from({ length: 480 },
	    (_, i) => Math.round(AMPLITUDE * Math.sin(turn * (count * 480 + i))));
}

/* A tone, or speech for `hz` 'speech'. */
function sendSound(hz) {
	const source = new RTCAudioSource();
	const babble = hz === 'speech' ? new Babble() : null;

	keep.push(source);
	atRate(100, 10, (count) => {
		const samples = babble ? babble.next(480) : toneOf(hz, count);
		source.onData({
			samples, sampleRate: 48000, bitsPerSample: 16,
			channelCount: 1, numberOfFrames: 480,
		});
	});
	return source.createTrack();
}

/* ---- receiving ----------------------------------------------------------------------- */

/*
 * The next picture, I420. libwebrtc decodes whether somebody looks or not; pictures come into
 * JavaScript only here, as copying all of them is work.
 */
async function nextPicture() {
	const sink = new RTCVideoSink(received.video);

	try {
		return await new Promise((resolve, reject) => {
			sink.onframe = ({ frame }) => resolve(frame);
			setTimeout(() => reject(new Error('no picture came within 5 s')), 5000);
		});
	} finally {
		sink.stop();
	}
}

/* Writes the sound of the next `ms` into a file. */
async function record({ ms, file }) {
	const sink = new RTCAudioSink(received.audio);
	const output = createWriteStream(file);

	sink.ondata = ({ samples, channelCount }) => {
		const mono = samples.filter((_, i) => i % channelCount === 0);
		output.write(new Uint8Array(mono.buffer));
	};
	await new Promise((resolve) => setTimeout(resolve, ms));
	sink.stop();
	output.end();
	await once(output, 'finish');
}

/* Mean colour of 8 × 8 pixels around a place of the latest picture. */
function colourAt(frame, x, y) {
	const { width, height, data } = frame;
	const chroma = width + 1 >> 1;
	const planes = [0, width * height, width * height + chroma * (height + 1 >> 1)];
	const sum = [0, 0, 0];
	const left = Math.min(width - 8, Math.max(0, Math.round(x * width) - 4));
	const top = Math.min(height - 8, Math.max(0, Math.round(y * height) - 4));

	for (let row = top; row < top + 8; row++) {
		for (let column = left; column < left + 8; column++) {
			const half = (row >> 1) * chroma + (column >> 1);
			const luma = 1.164 * (data[row * width + column] - 16);
			const u = data[planes[1] + half] - 128, v = data[planes[2] + half] - 128;
			sum[0] += luma + 1.596 * v;
			sum[1] += luma - 0.392 * u - 0.813 * v;
			sum[2] += luma + 2.017 * u;
		}
	}
	return sum.map((value) => Math.max(0, Math.min(255, Math.round(value / 64))));
}

/* A number that changes when the luma in a place does. */
function markOf({ width, height, data }, { x, y, w, h }) {
	let mark = 0;

	for (let row = 0.5; row < 24; row++) {
		const line = Math.floor((y + h * row / 24) * height) * width;
		for (let column = 0.5; column < 48; column++) {
			const value = data[line + Math.floor((x + w * column / 48) * width)];
			mark = (mark * 31 + (value > 180)) | 0;
		}
	}
	return mark;
}

function measure({ tile }) {
	meter = new Meter(() => connection);
	watched = new RTCVideoSink(received.video);
	watched.onframe = ({ frame }) =>
		meter.picture(frame.height, tile ? markOf(frame, tile) : 0);
	meter.start();
}

function measured() {
	watched.stop();
	return meter.stop();
}

/* ---- commands ------------------------------------------------------------------------ */

function addTracks(peer, { mode, colour, toneHz, size, layers }) {
	const sends = mode !== 'watch';

	if (sends && toneHz)
		peer.addTrack(sendSound(toneHz));
	else if (mode !== 'send')
		peer.addTransceiver('audio', { direction: 'recvonly' });
	if (sends && layers) {
		peer.addTransceiver(sendVideo(colour, size), {
			direction: mode === 'send' ? 'sendonly' : 'sendrecv',
			sendEncodings: layers,
		});
	} else if (sends && colour) {
		videoTrack = sendVideo(colour, size);
		videoSender = peer.addTrack(videoTrack);
	} else if (mode !== 'send')
		peer.addTransceiver('video', { direction: 'recvonly' });
}

/* A video section without the codecs that are not `codec`. */
function restrictSection(section, codec) {
	const others = [...section.matchAll(/^a=rtpmap:(\d+) (\w+)\//gm)]
	    .filter(([, , name]) => name !== codec).map(([, type]) => type);
	const isOther = (line) => others.includes(/^a=[\w-]+:(\d+) /.exec(line)?.[1]);
	const lines = section.split('\r\n').filter((line) => !isOther(line));

	lines[0] = lines[0].split(' ')
	    .filter((word, i) => i < 3 || !others.includes(word)).join(' ');
	return lines.join('\r\n');
}

/* The offer with one video codec. */
function restrict(sdp, codec) {
	return sdp.split(/(?=^m=)/m).map((section) =>
		section.startsWith('m=video') ? restrictSection(section, codec) : section).join('');
}

/* `edits`: [[pattern, replacement]…], each for all lines. */
function edited(sdp, edits = []) {
	return edits.reduce((text, [pattern, replacement]) =>
		text.replace(new RegExp(pattern, 'gm'), replacement), sdp);
}

/*
 * POSTs the offer to `url` (with ?name=) as it comes from createOffer: a server with ICE-lite
 * needs no candidates of the client.
 */
async function negotiate(peer, { url, name, codec, headers = {}, edits = {} }) {
	const target = new URL(url);

	await peer.setLocalDescription(await peer.createOffer());
	const { sdp } = peer.localDescription;
	if (name)
		target.searchParams.set('name', name);
	const offer = edited(codec ? restrict(sdp, codec) : sdp, edits.offer);
	const response = await fetch(target, {
		method: 'POST',
		headers: { 'content-type': 'application/sdp', ...headers }, body: offer,
	});
	const answer = edited(await response.text(), edits.answer);
	if (response.status !== 201)
		throw new Error(`POST ${target.pathname}: ${response.status} ${answer}`);
	await peer.setRemoteDescription({ type: 'answer', sdp: answer });
	return {
		status: response.status, headers: Object.fromEntries(response.headers),
		offer, answer,
		session: new URL(response.headers.get('location'), url).href,
		participant: response.headers.get('tessera-participant'),
	};
}

async function join(options) {
	connection = new wrtc.RTCPeerConnection();
	connection.ontrack = ({ track }) => { received[track.kind] = track; };
	addTracks(connection, { mode: 'both', ...options });
	const joined = await negotiate(connection, options);
	session = joined.session;
	agreed = joined.answer;
	return joined;
}

/* Its setParameters() takes nothing, so the answer says what browsers' pages set by it. */
async function obey({ wanted_kbps: kbps, line_kbps: line }) {
	const none = line > 0 && kbps === 0;
	const rated = line > 0 && kbps ?
		agreed.replace(/^b=TIAS:\d+/m, `b=TIAS:${1000 * kbps}`) : agreed;
	const answer = line > 0 ? withThinSound(rated) : rated;

	if (obeyed === answer + none)
		return;
	obeyed = answer + none;
	await connection.setLocalDescription(await connection.createOffer());
	await connection.setRemoteDescription({ type: 'answer', sdp: answer });
	await videoSender?.replaceTrack(none ? null : videoTrack);
}

function follow({ up }) {
	followed = followed.then(() => obey(up));
	return followed;
}

async function statsOf(peer) {
	const found = {
		framesDecoded: 0, framesReceived: 0, packetsLost: 0, keyFramesDecoded: 0,
		frameWidth: 0, frameHeight: 0, state: peer.connectionState, sends: '', available: 0,
		receives: '', pliCount: 0, totalFreezesDuration: 0, videoBytes: 0,
	};
	const reports = await peer.getStats();

	for (const report of reports.values()) {
		if (report.type === 'candidate-pair' && report.availableOutgoingBitrate)
			found.available = report.availableOutgoingBitrate;
		if (report.type === 'outbound-rtp' && report.kind === 'video')
			found.videoBytes += report.bytesSent + (report.headerBytesSent ?? 0);
		if (report.type === 'outbound-rtp' && report.kind === 'video')
			found.sends = reports.get(report.codecId)?.mimeType ?? '';
		if (report.type === 'inbound-rtp' && report.kind === 'video') {
			for (const key of Object.keys(found))
				found[key] = report[key] ?? found[key];
			found.receives = reports.get(report.codecId)?.mimeType ?? '';
		}
	}
	const { frameWidth: width, frameHeight: height, ...others } = found;
	return { width, height, ...others };
}

const commands = {
	join,
	stats: () => statsOf(connection),
	record,
	measure,
	measured,
	follow,
	async look({ points }) {
		const picture = await nextPicture();
		return {
			width: picture.width, height: picture.height,
			colours: points.map(([x, y]) => colourAt(picture, x, y)),
		};
	},
	async crowd({ url, count }) {
		for (let i = 0; i < count; i++) {
			const peer = new wrtc.RTCPeerConnection();
			crowd.push(peer);
			addTracks(peer, { mode: 'watch' });
			await negotiate(peer, { url });
		}
	},
	crowdStats() {
		return Promise.all(crowd.map(statsOf));
	},
	async leave() {
		const { status } = await fetch(session, { method: 'DELETE' });
		connection.close();
		return { status };
	},
};

createInterface({ input: process.stdin }).on('line', async (line) => {
	const { id, command, ...options } = JSON.parse(line);
	try {
		const value = await commands[command](options) ?? null;
		console.log(JSON.stringify({ id, value }));
	} catch (error) {
		console.log(JSON.stringify({ id, error: String(error.message ?? error) }));
	}
}).on('close', () => process.exit(0));
