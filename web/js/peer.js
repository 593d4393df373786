// One RTCPeerConnection: what we send, what we receive, how the line does.
// SPDX-License-Identifier: GPL-3.0-or-later

import { iceFragment, withIce } from './ice.js';
import { withSoundNack } from './sound_nack.js';

/**
 * @typedef {'audio'|'video'} Kind
 * @typedef {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} Tracks
 * @typedef {object} Sample            one look at the line
 * @property {number} received_bytes   since this connection began
 * @property {number} received_bps     since the last sample
 * @property {number} sent_bps
 * @property {number} loss_in          0..1 since the last sample
 * @property {number} loss_out         0..1 as the server last reported
 * @property {number} rtt_ms
 */

/* What a sent picture of at most this height may cost. */
const RATES = [
	{ height: 720, bps: 1_700_000 },
	{ height: 540, bps: 1_100_000 },
	{ height: 360, bps: 600_000 },
	{ height: 270, bps: 350_000 },
	{ height: 180, bps: 200_000 },
];

/** A picture is sent in one of these fractions of the camera's own size. */
const SCALES = [1, 1.5, 2, 3, 4, 6];

export class Peer {
	#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
	#transceivers = /** @type {Record<Kind, RTCRtpTransceiver>} */ ({});
	#last = { at_ms: 0, received: 0, sent: 0, packets: 0, lost: 0 };
	#height = 0;
	#most_bps = Infinity;
	#settings = Promise.resolve();
	#answer = '';

	/** What the server sends: one sound, one picture. */
	stream = new MediaStream();

	/** @type {(state: RTCPeerConnectionState) => void} */
	onstate = () => {};

	/**
	 * Both m-lines always exist, so that a person without camera and
	 * microphone still sees and hears. `sends` may be true without a track:
	 * a device that is switched off now and can be used later.
	 *
	 * @param {Tracks} tracks
	 * @param {Record<Kind, boolean>} sends
	 * @param {boolean} cameraOn
	 */
	constructor(tracks, sends, cameraOn) {
		for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
			const active = kind === 'audio' || cameraOn;

			this.#transceivers[kind] = this.#pc.addTransceiver(
				tracks[kind] ?? kind, {
					direction: sends[kind] ? 'sendrecv' : 'recvonly',
					sendEncodings: [{ active }],
				});
		}
		this.#pc.ontrack = ({ track }) => this.stream.addTrack(track);
		this.#pc.onconnectionstatechange =
			() => this.onstate(this.#pc.connectionState);
	}

	get state() {
		return this.#pc.connectionState;
	}

	/** @param {Kind} kind whether the server was offered this kind at all */
	sends(kind) {
		return this.#transceivers[kind].direction === 'sendrecv';
	}

	/** The offer. The server is ICE-lite: nothing needs to be gathered. */
	async offer() {
		await this.#pc.setLocalDescription();
		return withSoundNack(this.#pc.localDescription?.sdp ?? '');
	}

	/** @param {string} sdp */
	async accept(sdp) {
		await this.#pc.setRemoteDescription({ type: 'answer', sdp });
		this.#answer = sdp;
	}

	/**
	 * New ways through the network for the same connection (ICE restart).
	 * @param {(fragment: string) => Promise<string>} ask takes our fragment to
	 *        the server, and resolves with the server's
	 */
	async restart(ask) {
		const offer = await this.#pc.createOffer({ iceRestart: true });

		await this.#pc.setLocalDescription(offer);
		try {
			const fragment = await ask(iceFragment(offer.sdp ?? ''));

			await this.accept(withIce(this.#answer, fragment));
		} catch (error) {
			/* What was agreed before holds on. */
			if (this.#pc.signalingState === 'have-local-offer')
				await this.#pc.setLocalDescription({ type: 'rollback' });
			throw error;
		}
	}

	/**
	 * Resolves when media can flow, rejects when it cannot.
	 * @param {number} timeout_ms
	 */
	connected(timeout_ms) {
		return new Promise((resolve, reject) => {
			const stop = () => {
				clearTimeout(timer);
				this.#pc.removeEventListener('connectionstatechange', look);
			};
			const look = () => {
				const state = this.#pc.connectionState;

				if (state === 'connected') {
					stop();
					resolve(undefined);
				} else if (state === 'failed' || state === 'closed') {
					stop();
					reject(new Error(state));
				}
			};
			const timer = setTimeout(() => {
				stop();
				reject(new Error('timeout'));
			}, timeout_ms);

			this.#pc.addEventListener('connectionstatechange', look);
			look();
		});
	}

	/**
	 * @param {Kind} kind
	 * @param {MediaStreamTrack|null} track
	 */
	async setTrack(kind, track) {
		await this.#transceivers[kind].sender.replaceTrack(track);
		if (kind === 'video')
			await this.#fitAgain();
	}

	/**
	 * Camera off is an inactive encoding: the only way by which every browser
	 * really sends nothing, and is back at once with a key frame.
	 * @param {boolean} active
	 */
	setVideoActive(active) {
		return this.#change((encoding) => {
			encoding.active = active;
		});
	}

	/**
	 * Sends no larger picture than is shown.
	 * @param {number} height pixels of the own tile in the mosaic
	 */
	fit(height) {
		if (height === this.#height)
			return Promise.resolve();
		this.#height = height;
		return this.#fitAgain();
	}

	/**
	 * The server wants no more video than that.
	 * @param {number} bps
	 */
	limit(bps) {
		if (bps === this.#most_bps)
			return Promise.resolve();
		this.#most_bps = bps;
		return this.#fitAgain();
	}

	#fitAgain() {
		const track = this.#transceivers.video.sender.track;
		const own = track?.getSettings().height ?? 0;

		if (!own || !this.#height)
			return Promise.resolve();

		const most = own / this.#height;
		const scale = SCALES.filter((s) => s <= most * 1.05).pop() ?? 1;
		const rate = RATES.filter((r) => r.height >= own / scale).pop() ?? RATES[0];

		return this.#change((encoding) => {
			encoding.scaleResolutionDownBy = scale;
			encoding.maxBitrate = Math.min(rate.bps, this.#most_bps);
		});
	}

	/**
	 * Changes the sender's parameters one after the other: a browser refuses
	 * a set that is not based on the latest get.
	 * @param {(encoding: RTCRtpEncodingParameters) => void} edit
	 */
	#change(edit) {
		this.#settings = this.#settings.then(async () => {
			const sender = this.#transceivers.video.sender;
			const parameters = sender.getParameters();

			if (!parameters.encodings?.length)
				return;
			edit(parameters.encodings[0]);
			await sender.setParameters(parameters);
		}).catch(() => { /* closed meanwhile */ });
		return this.#settings;
	}

	/** How many packets have come. */
	async packets() {
		let n = 0;

		for (const report of (await this.#pc.getStats()).values())
			n += report.type === 'inbound-rtp' ? report.packetsReceived ?? 0 : 0;
		return n;
	}

	/**
	 * @param {number} now_ms
	 * @returns {Promise<Sample>}
	 */
	async sample(now_ms) {
		const sum = { received: 0, sent: 0, packets: 0, lost: 0 };
		let rtt_s = 0, loss_out = 0;

		for (const report of (await this.#pc.getStats()).values()) {
			if (report.type === 'inbound-rtp') {
				sum.received += report.bytesReceived ?? 0;
				sum.packets += report.packetsReceived ?? 0;
				sum.lost += report.packetsLost ?? 0;
			} else if (report.type === 'outbound-rtp') {
				sum.sent += report.bytesSent ?? 0;
			} else if (report.type === 'remote-inbound-rtp') {
				loss_out = Math.max(loss_out, report.fractionLost ?? 0);
				rtt_s = Math.max(rtt_s, report.roundTripTime ?? 0);
			} else if (report.type === 'candidate-pair' && report.nominated) {
				rtt_s = Math.max(rtt_s, report.currentRoundTripTime ?? 0);
			}
		}

		const last = this.#last;
		const seconds = Math.max(0.001, (now_ms - last.at_ms) / 1000);
		const lost = Math.max(0, sum.lost - last.lost);
		const got = Math.max(0, sum.packets - last.packets);

		this.#last = { at_ms: now_ms, ...sum };
		return {
			received_bytes: sum.received,
			received_bps: 8 * (sum.received - last.received) / seconds,
			sent_bps: 8 * (sum.sent - last.sent) / seconds,
			loss_in: lost / Math.max(1, lost + got),
			loss_out,
			rtt_ms: rtt_s * 1000,
		};
	}

	close() {
		this.onstate = () => {};
		this.#pc.ontrack = null;
		this.#pc.close();
	}
}
