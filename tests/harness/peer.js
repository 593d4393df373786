/*
 * The WebRTC client inside a browser; browser-client.mjs calls the functions of `peer`.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
'use strict';

const peer = (() => {
	const FPS = 15;
	const AMPLITUDE = 10 ** (-26 / 20);
	let connection, session, events, recorder, meter, painted;

	/* ---- sending ----------------------------------------------------------------- */

	/* A plain colour with a white square that moves along the lower edge. */
	function camera(colour, [width, height] = [320, 240]) {
		const canvas = document.getElementById('camera');
		const pen = canvas.getContext('2d', { willReadFrequently: true });
		let count = 0;

		painted = colour;

		Object.assign(canvas, { width, height });
		setInterval(() => {
			pen.fillStyle = `rgb(${painted.join(', ')})`;
			pen.fillRect(0, 0, width, height);
			pen.fillStyle = '#fff';
			pen.fillRect(count++ * 8 % (width - 24), height - 32, 24, 24);
		}, 1000 / FPS);
		return canvas.captureStream(2 * FPS).getVideoTracks()[0];
	}

	/*
	 * Firefox keeps an AudioContext suspended where no sound card is; its fake microphone
	 * plays a tone, whose frequency is a preference.
	 */
	async function microphone(toneHz, fake) {
		if (fake) {
			const stream = await navigator.mediaDevices.getUserMedia({
				audio: {
					echoCancellation: false, noiseSuppression: false,
					autoGainControl: false,
				},
			});
			return stream.getAudioTracks()[0];
		}
		const context = new AudioContext({ sampleRate: 48000 });
		const oscillator = new OscillatorNode(context, { frequency: toneHz });
		const gain = new GainNode(context, { gain: AMPLITUDE });
		const output = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
		oscillator.connect(gain).connect(output);
		oscillator.start();
		await context.resume();
		return output.stream.getAudioTracks()[0];
	}

	/* `codecs`: those alone, "H264" or with a part of its parameters, "H264 …mode=0". */
	function restrict(codecs) {
		const wanted = RTCRtpReceiver.getCapabilities('video').codecs.filter((codec) =>
			codecs.some((one) => {
				const [name, parameter = ''] = one.split(' ');
				return codec.mimeType === `video/${name}` &&
				    (codec.sdpFmtpLine ?? '').includes(parameter);
			}));
		for (const transceiver of connection.getTransceivers()) {
			if (transceiver.receiver.track.kind === 'video')
				transceiver.setCodecPreferences(wanted);
		}
	}

	const videoSender = () =>
		connection.getSenders().find(({ track }) => track?.kind === 'video');

	/* Of simulcast these layers alone. */
	async function activate(rids) {
		const sender = videoSender();
		const parameters = sender.getParameters();

		for (const encoding of parameters.encodings)
			encoding.active = rids.includes(encoding.rid);
		await sender.setParameters(parameters);
	}

	/* Another colour of what is sent. */
	function repaint(colour) {
		painted = colour;
	}

	/* Another of the agreed codecs, in mid-stream. */
	async function sendCodec(name) {
		const sender = videoSender();
		const parameters = sender.getParameters();

		parameters.encodings[0].codec = parameters.codecs.find(({ mimeType }) =>
			mimeType === `video/${name}`);
		await sender.setParameters(parameters);
	}

	async function addTracks({ mode, colour, toneHz, fakeMicrophone, size, layers }) {
		const sends = mode !== 'watch';

		if (sends && toneHz)
			connection.addTrack(await microphone(toneHz, fakeMicrophone));
		else if (mode !== 'send')
			connection.addTransceiver('audio', { direction: 'recvonly' });
		if (sends && layers)
			connection.addTransceiver(camera(colour, size), {
				direction: mode === 'send' ? 'sendonly' : 'sendrecv',
				sendEncodings: layers,
			});
		else if (sends && colour)
			connection.addTrack(camera(colour, size));
		else if (mode !== 'send')
			connection.addTransceiver('video', { direction: 'recvonly' });
	}

	/* ---- joining and leaving ------------------------------------------------------- */

	/* As in client-wrtc.mjs. */
	function edited(sdp, edits = []) {
		return edits.reduce((text, [pattern, replacement]) =>
			text.replace(new RegExp(pattern, 'gm'), replacement), sdp);
	}

	/* `url` is of this page's own origin, which passes requests on to the server. */
	async function join({ url, name, mode = 'both', headers = {}, listen = true, codecs,
	    edits = {}, ...media }) {
		const screen = document.getElementById('screen');
		const target = new URL(url, location);

		connection = new RTCPeerConnection();
		screen.srcObject = new MediaStream();
		connection.ontrack = ({ track }) => screen.srcObject.addTrack(track);
		await addTracks({ mode, ...media });
		if (codecs)
			restrict(codecs);
		await connection.setLocalDescription(await connection.createOffer());
		if (name)
			target.searchParams.set('name', name);
		const offer = edited(connection.localDescription.sdp, edits.offer);
		const response = await fetch(target, {
			method: 'POST',
			headers: { 'content-type': 'application/sdp', ...headers }, body: offer,
		});
		const answer = edited(await response.text(), edits.answer);
		if (response.status !== 201)
			throw new Error(`POST ${target.pathname}: ${response.status} ${answer}`);
		session = response.headers.get('location');
		await connection.setRemoteDescription({ type: 'answer', sdp: answer });
		if (listen)
			events = new EventSource(`${session}/events`);
		return {
			status: response.status, session,
			headers: Object.fromEntries(response.headers),
			participant: response.headers.get('tessera-participant'), offer, answer,
		};
	}

	async function leave() {
		const { status } = await fetch(session, { method: 'DELETE' });

		events?.close();
		connection.close();
		return { status };
	}

	/* ---- what is received ---------------------------------------------------------- */

	async function stats() {
		const screen = document.getElementById('screen');
		const found = {
			framesDecoded: 0, framesReceived: 0, packetsLost: 0, keyFramesDecoded: 0,
			freezeCount: 0, pliCount: 0, totalFreezesDuration: 0,
			width: screen.videoWidth, height: screen.videoHeight,
			state: connection?.connectionState ?? 'new', sends: '', receives: '',
		};
		const reports = await connection?.getStats() ?? new Map();

		for (const report of reports.values()) {
			const codec = reports.get(report.codecId)?.mimeType ?? '';
			if (report.kind === 'video' && report.type === 'outbound-rtp')
				found.sends = codec;
			if (report.type === 'inbound-rtp' && report.kind === 'video') {
				for (const key of Object.keys(found))
					found[key] = report[key] ?? found[key];
				found.receives = codec;
			}
		}
		return found;
	}

	/*
	 * By how many ms the sound that is played now is older than the picture that is shown
	 * now, as the browser reckons by sender reports; null when it does not say.
	 */
	async function skew() {
		const playout = {};

		for (const report of (await connection.getStats()).values()) {
			if (report.type === 'inbound-rtp')
				playout[report.kind] = report.estimatedPlayoutTimestamp;
		}
		const ms = playout.video - playout.audio;
		return Number.isFinite(ms) ? ms : null;
	}

	/* Mean colours of 8 × 8 pixels around places given in fractions of the picture. */
	function look(points) {
		const screen = document.getElementById('screen');
		const [width, height] = [screen.videoWidth, screen.videoHeight];
		const canvas = new OffscreenCanvas(width, height);
		const pen = canvas.getContext('2d', { willReadFrequently: true });

		pen.drawImage(screen, 0, 0, width, height);
		const colours = points.map(([x, y]) => {
			const left = Math.min(width - 8, Math.max(0, Math.round(x * width) - 4));
			const top = Math.min(height - 8, Math.max(0, Math.round(y * height) - 4));
			const { data } = pen.getImageData(left, top, 8, 8);
			const sum = [0, 0, 0];
			data.forEach((value, i) => { sum[i % 4] += value; });
			return sum.slice(0, 3).map((value) => Math.round(value / 64));
		});
		return { width, height, colours };
	}

	/* A container file of the sound of the next `ms`, in base64. */
	async function record(ms) {
		const tracks = document.getElementById('screen').srcObject.getAudioTracks();
		const type = ['audio/webm;codecs=pcm', 'audio/ogg;codecs=opus', 'audio/webm']
		    .find((candidate) => MediaRecorder.isTypeSupported(candidate));
		const parts = [];

		recorder = new MediaRecorder(new MediaStream(tracks),
		    { mimeType: type, audioBitsPerSecond: 192000 });
		recorder.ondataavailable = ({ data }) => parts.push(data);
		recorder.start();
		await new Promise((resolve) => setTimeout(resolve, ms));
		const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
		recorder.stop();
		await stopped;
		const reader = new FileReader();
		const read = new Promise((resolve) => { reader.onload = resolve; });
		reader.readAsDataURL(new Blob(parts));
		await read;
		return reader.result.split(',')[1];
	}

	/* Begins to measure, as meter.mjs has it. */
	async function measure() {
		const screen = document.getElementById('screen');
		const { Meter } = await import('/meter.mjs');
		const begun = new Meter(() => connection);
		const shown = () => {
			begun.picture(screen.videoHeight);
			if (meter === begun)
				screen.requestVideoFrameCallback(shown);
		};

		meter = begun;
		screen.requestVideoFrameCallback(shown);
		begun.start();
	}

	function measured() {
		const ended = meter;

		meter = null;
		return ended.stop();
	}

	return { join, leave, stats, skew, look, record, sendCodec, activate, repaint, measure,
		measured };
})();
