// One RTCPeerConnection: what we send, what we receive, how the line does.
// SPDX-License-Identifier: GPL-3.0-or-later

import { iceFragment, withIce } from './ice.js';
import { Sampler } from './sample.js';
import { withSoundNack } from './sound_nack.js';
import { withThinSound } from './thin_sound.js';

/**
 * @typedef {'audio'|'video'} Kind
 * @typedef {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} Tracks
 * @typedef {import('./sample.js').Sample} Sample
 */

/* What a sent picture of at most this height may cost. */
const RATES = [
	{ height: 720, bps: 1_700_000 },
	{ height: 540, bps: 1_100_000 },
	{ height: 360, bps: 600_000 },
	{ height: 270, bps: 350_000 },
	{ height: 180, bps: 200_000 },
];

/* Of a rate below this a small picture can be made, and no other. */
const LITTLE = { bps: 100_000, height: 120 };

/** A picture is sent in one of these fractions of the camera's own size. */
const SCALES = [1, 1.5, 2, 3, 4, 6, 8];

export class Peer {
	#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
	#transceivers = /** @type {Record<Kind, RTCRtpTransceiver>} */ ({});
	#sampler = new Sampler();
	#height = 0;
	#most_bps = Infinity;
	#cameraOn;
	#settings = Promise.resolve();
	#answer = '';
	#thin = false;
	#talk = Promise.resolve();	/* one negotiation after the other */

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
		this.#cameraOn = cameraOn;
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
		await this.#pc.setRemoteDescription({ type: 'answer',
			sdp: this.#thin ? withThinSound(sdp) : sdp });
		this.#answer = sdp;
	}

	/**
	 * New ways through the network for the same connection (ICE restart).
	 * @param {(fragment: string) => Promise<string>} ask takes our fragment to
	 *        the server, and resolves with the server's
	 */
	restart(ask) {
		return this.#after(() => this.#restart(ask));
	}

	/**
	 * Sound that needs half of the line, or as it was agreed at first. The server need not be
	 * asked: the browser is told that it had answered so.
	 * @param {boolean} thin
	 */
	thinSound(thin) {
		if (thin === this.#thin)
			return Promise.resolve();
		this.#thin = thin;
		return this.#after(async () => {
			await this.#pc.setLocalDescription();
			await this.accept(this.#answer);
		}).catch(() => { /* closed meanwhile */ });
	}

	/**
	 * @template T
	 * @param {() => Promise<T>} work
	 * @returns {Promise<T>}
	 */
	#after(work) {
		const done = this.#talk.then(work);

		this.#talk = done.then(() => {}, () => {});
		return done;
	}

	/** @param {(fragment: string) => Promise<string>} ask */
	async #restart(ask) {
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
		this.#cameraOn = active;
		return this.#switchVideo();
	}

	#switchVideo() {
		return this.#change((encoding) => {
			encoding.active = this.#cameraOn && this.#most_bps > 0;
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
	 * @param {number} bps 0: none; Infinity: as much as the picture takes
	 */
	limit(bps) {
		const before = this.#most_bps;

		if (bps === before)
			return Promise.resolve();
		this.#most_bps = bps;
		if (before === 0 || bps === 0)
			this.#switchVideo();
		return this.#fitAgain();
	}

	#fitAgain() {
		const track = this.#transceivers.video.sender.track;
		const own = track?.getSettings().height ?? 0;

		if (!own || !this.#height)
			return Promise.resolve();

		/* No key frame that a thin line is busy with for a second. */
		const height = this.#most_bps < LITTLE.bps ?
			Math.min(LITTLE.height, this.#height) : this.#height;
		const most = own / height;
		const scale = SCALES.filter((s) => s <= most * 1.05).pop() ?? 1;
		const rate = RATES.filter((r) => r.height >= own / scale).pop() ?? RATES[0];

		return this.#change((encoding) => {
			encoding.scaleResolutionDownBy = scale;
			encoding.maxBitrate = Math.min(rate.bps, this.#most_bps || rate.bps);
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
		return this.#sampler.take(await this.#pc.getStats(), now_ms);
	}

	close() {
		this.onstate = () => {};
		this.#pc.ontrack = null;
		this.#pc.close();
	}
}
