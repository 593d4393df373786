// The client library: joins a room of a Tessera server and stays in it.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Knows nothing of the page, so another page can import it; docs/API.md,
// "Client library", is its manual. The server is spoken to here only.

import { BackOff } from './backoff.js';
import { RoomModel } from './events.js';
import { Peer } from './peer.js';
import { LineQuality } from './quality.js';
import { JOIN_MS, JoinError, Wire } from './wire.js';

export { inOrder } from './events.js';
export { JoinError, presence } from './wire.js';

/**
 * @typedef {'new'|'joining'|'here'|'reconnecting'|'lost'|'failed'|'ended'|'left'} Phase
 * @typedef {import('./peer.js').Kind} Kind
 * @typedef {'720p'|'360p'|'180p'} Size
 */

/* A line that is silent so long is not waited for: a new one is tried. */
const SILENT_MS = 8_000;
const SAMPLE_MS = 2_000;

/* Trying again would change nothing. */
const FINAL = ['room-name', 'bad-offer', 'not-acceptable', 'media-type'];

/** One person's stay in one room. */
export class Session extends EventTarget {
	#wire; #name; #max; #tracks; #sends; #on;
	/** @type {Phase} */ #phase = 'new';
	/** @type {Peer|null} */ #peer = null;
	#quality = new LineQuality();
	/** @type {BackOff|null} */ #trying = null;
	#outage_ms = 0;			/* when the present outage began, 0: none */
	#began_ms = 0;
	#silence = 0;			/* timer */
	#sampler = 0;			/* timer */

	/** What is known of the room. */
	model = new RoomModel();

	/**
	 * @param {object} options
	 * @param {string} options.room
	 * @param {string} [options.server] origin, '' for this page's own
	 * @param {string} [options.name]
	 * @param {Size} [options.max] the largest picture wanted
	 * @param {MediaStreamTrack|null} [options.audio]
	 * @param {MediaStreamTrack|null} [options.video]
	 * @param {boolean} [options.mayAudio] a microphone may come later
	 * @param {boolean} [options.mayVideo] a camera may come later
	 * @param {boolean} [options.mic] switched on
	 * @param {boolean} [options.camera] switched on
	 */
	constructor({ room, server = '', name = '', max = '720p', audio = null,
		video = null, mayAudio = false, mayVideo = false,
		mic = true, camera = true }) {
		super();
		this.#wire = new Wire(server, room);
		this.#name = name;
		this.#max = max;
		this.#tracks = { audio, video };
		this.#sends = { audio: !!audio || mayAudio, video: !!video || mayVideo };
		this.#on = { mic: mic && !!audio, camera: camera && !!video };
	}

	get phase() {
		return this.#phase;
	}

	/** @returns {MediaStream|null} the mosaic and the mix */
	get stream() {
		return this.#peer?.stream ?? null;
	}

	/** How it was so far: seconds, received_bps, interruptions. */
	get summary() {
		return this.#quality.summary(this.#began_ms ?
			(performance.now() - this.#began_ms) / 1000 : 0);
	}

	/** Resolves when media flows; rejects with a JoinError. */
	async join() {
		this.#setPhase('joining');
		try {
			await this.#connect();
		} catch (error) {
			if (this.#phase === 'joining') {
				this.#wire.goodbye();
				this.#finish('failed', error.code);
			}
			throw error;
		}
		this.#began_ms = performance.now();
		this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS);
		this.#setPhase('here');
	}

	/** Leaves for good. May be called at any time, also from `pagehide`. */
	leave() {
		if (this.#over())
			return;
		this.#wire.goodbye();
		this.#finish('left');
	}

	/** Tries again after phase `lost`. */
	retry() {
		if (this.#phase === 'lost') {
			this.#outage_ms = performance.now();
			this.#reconnect('line');
		}
	}

	/** @param {boolean} on */
	setMicrophone(on) {
		this.#on.mic = on;
		if (this.#tracks.audio)
			this.#tracks.audio.enabled = on;
		this.#patch({ mic: on && !!this.#tracks.audio });
	}

	/** @param {boolean} on */
	async setCamera(on) {
		this.#on.camera = on;
		await this.#peer?.setVideoActive(on);
		this.#patch({ camera: on && !!this.#tracks.video });
	}

	/**
	 * Sends another microphone or camera, or none. A kind that was not offered
	 * at the join makes a new connection with the same place in the room.
	 * @param {Kind} kind
	 * @param {MediaStreamTrack|null} track
	 */
	async setTrack(kind, track) {
		this.#tracks[kind] = track;
		if (kind === 'audio' && track)
			track.enabled = this.#on.mic;
		if (track && !this.#sends[kind]) {
			this.#sends[kind] = true;
			this.#on[kind === 'audio' ? 'mic' : 'camera'] = true;
			track.enabled = true;
			if (this.#phase === 'here')
				await this.#reconnect('device', false);
			return;
		}
		await this.#peer?.setTrack(kind, track);
	}

	/** @param {string} name */
	setName(name) {
		this.#name = name;
		this.#patch({ name });
	}

	/** @param {Size} max */
	setMax(max) {
		if (max !== this.#max)
			this.#patch({ max });
		this.#max = max;
	}

	/** @param {Phase} phase @param {string} [reason] */
	#setPhase(phase, reason = '') {
		if (this.#phase === phase)
			return;
		this.#phase = phase;
		this.#emit('phase', { phase, reason });
	}

	/** @param {string} type @param {any} detail */
	#emit(type, detail) {
		this.dispatchEvent(new CustomEvent(type, { detail }));
	}

	#over() {
		return ['left', 'ended', 'failed'].includes(this.#phase);
	}

	/** One new connection; resolves when media can flow on it. */
	async #connect() {
		const peer = new Peer(this.#tracks, this.#sends, this.#on.camera);

		try {
			const { answer, you } = await this.#wire.join(await peer.offer(),
				{ name: this.#name, max: this.#max });

			if (this.#over()) {
				this.#wire.goodbye();
				throw new JoinError('left');
			}
			this.model.you = you;
			await peer.accept(answer);
			this.#use(peer);
			await peer.connected(JOIN_MS);
			this.#emit('stream', peer.stream);
		} catch (error) {
			if (peer !== this.#peer)
				peer.close();
			if (this.#over())
				throw new JoinError('left');
			throw error instanceof JoinError ? error : new JoinError('media');
		}
	}

	/** @param {Peer} peer */
	#use(peer) {
		this.#peer?.close();
		this.#peer = peer;
		this.#quality.newLine();
		peer.onstate = (state) => this.#onPeer(state);
		this.#wire.listen({
			event: (type, data) => this.#onEvent(type, data),
			ended: (reason) => this.#onEnded(reason),
		});
		/* The server takes what was offered for switched on. */
		if (this.#sends.audio && !this.#on.mic)
			this.#patch({ mic: false });
		if (this.#sends.video && !this.#on.camera)
			this.#patch({ camera: false });
	}

	/** @param {object} change */
	#patch(change) {
		if (!this.#over())
			this.#wire.patch(change);
	}

	/** @param {RTCPeerConnectionState} state */
	#onPeer(state) {
		clearTimeout(this.#silence);
		if (state === 'connected' && this.#phase === 'reconnecting') {
			this.#mended();
		} else if (state === 'failed') {
			this.#reconnect('line');
		} else if (state === 'disconnected' && this.#phase === 'here') {
			/* It may come back by itself; meanwhile say so. */
			this.#broken('line');
			this.#silence = setTimeout(
				() => this.#reconnect('line'), SILENT_MS);
		}
	}

	/** @param {string} type @param {any} data */
	#onEvent(type, data) {
		const change = this.model.apply(type, data);

		if (!change)
			return;
		this.#emit('room', change);

		const map = this.model.tilemap;
		const own = map?.tiles.find((tile) => tile.id === this.model.you);

		/* Send what the own tile shows, and no more. */
		if (map && own)
			this.#peer?.fit(Math.round(own.h * map.canvas[1]));
	}

	/** @param {string} reason */
	#onEnded(reason) {
		if (this.#over() || this.#phase === 'joining')
			return;
		if (reason === 'left' || reason === 'replaced')
			this.#finish('ended', reason);
		else
			this.#reconnect(reason);
	}

	/** @param {string} reason */
	#broken(reason) {
		if (!this.#outage_ms) {
			this.#outage_ms = performance.now();
			this.#quality.interruptions++;
		}
		this.#setPhase('reconnecting', reason);
	}

	#mended() {
		this.#outage_ms = 0;
		this.#setPhase('here');
	}

	/**
	 * Makes new connections until one holds, for a minute.
	 * @param {string} reason
	 * @param {boolean} [broken] false: it is our own wish
	 */
	async #reconnect(reason, broken = true) {
		if (this.#trying || this.#over() || this.#phase === 'joining')
			return;
		clearTimeout(this.#silence);
		if (broken)
			this.#broken(reason);

		const backoff = this.#trying = new BackOff(performance.now());

		do {
			try {
				await this.#connect();
			} catch (error) {
				if (await this.#mayTryAgain(backoff, error))
					continue;
				break;
			}
		} while (this.#peer?.state !== 'connected');
		this.#trying = null;
		if (this.#peer?.state === 'connected' && !this.#over())
			this.#mended();
	}

	/** @param {BackOff} backoff @param {JoinError} error */
	async #mayTryAgain(backoff, error) {
		if (this.#over())
			return false;
		this.#broken('line');
		if (error.code === 'not-found')
			this.#wire.forget();	/* our place is gone: take a new one */
		if (FINAL.includes(error.code) || !await backoff.pause(
			performance.now(), 1000 * error.retry_after_s)) {
			this.#wire.close();
			this.#setPhase('lost', error.code);
			return false;
		}
		return !this.#over();
	}

	async #sample() {
		const peer = this.#peer;

		if (peer?.state !== 'connected')
			return;

		const sample = await peer.sample(performance.now());

		if (peer !== this.#peer)
			return;
		this.#quality.take(sample);
		this.#emit('quality', { ...sample, weak: this.#quality.weak });
	}

	/** @param {Phase} phase @param {string} [reason] */
	#finish(phase, reason = '') {
		clearTimeout(this.#silence);
		clearInterval(this.#sampler);
		this.#setPhase(phase, reason);
		this.#trying?.wake();
		this.#wire.close();
		this.#peer?.close();
		this.#peer = null;
	}
}
