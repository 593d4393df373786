// The client library: joins a room of a Tessera server and stays in it.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Knows nothing of the page, so another page can import it; docs/API.md,
// "Client library", is its manual. Nothing else speaks to the server.

import { BackOff } from './backoff.js';
import { RoomModel } from './events.js';
import { Mender } from './mender.js';
import { Place } from './place.js';
import { LineQuality } from './quality.js';

export { inOrder } from './events.js';
export { JoinError, presence } from './wire.js';

/**
 * @typedef {'new'|'joining'|'here'|'reconnecting'|'lost'|'failed'|'ended'|'left'} Phase
 * @typedef {import('./peer.js').Kind} Kind
 * @typedef {import('./peer.js').Peer} Peer
 * @typedef {import('./wire.js').JoinError} JoinErrorType
 */

const SAMPLE_MS = 2_000;
/* Who has just said that it ends needs time to do so. */
const SHUTDOWN_MS = 1_500;

/** One person's stay in one room. */
export class Session extends EventTarget {
	#place;
	/** @type {Phase} */ #phase = 'new';
	#quality = new LineQuality();
	/** @type {BackOff|null} */ #trying = null;
	#outage_ms = 0;			/* when the present outage began, 0: none */
	#began_ms = 0;
	#sampler = 0;			/* timer */

	#mender = new Mender({
		restart: () => this.#place.restart(),
		packets: () => this.#place.packets(),
		hear: (heard) => heard ? this.#mended() : this.#broken('line'),
		giveUp: (reason) => this.#reconnect(reason),
	});

	/** What is known of the room. */
	model = new RoomModel();

	/** @param {import('./place.js').Options} options */
	constructor(options) {
		super();
		this.#place = new Place(options);
		this.#place.onpeer = (peer) => this.#onNewPeer(peer);
		this.#place.onevent = (type, data) => this.#onEvent(type, data);
		this.#place.onended = (reason) => this.#onEnded(reason);
	}

	get phase() {
		return this.#phase;
	}

	/** @returns {MediaStream|null} the mosaic and the mix */
	get stream() {
		return this.#place.peer?.stream ?? null;
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
				this.#place.goodbye();
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
		this.#place.goodbye();
		this.#finish('left');
	}

	/** Tries again after phase `lost`. */
	retry() {
		if (this.#phase === 'lost')
			this.#reconnect('line');
	}

	/** @param {boolean} on */
	setMicrophone(on) {
		this.#place.setMicrophone(on);
	}

	/** @param {boolean} on */
	async setCamera(on) {
		await this.#place.setCamera(on);
	}

	/**
	 * Sends another microphone or camera, or none. A kind that was not offered
	 * at the join makes a new connection with the same place in the room.
	 * @param {Kind} kind
	 * @param {MediaStreamTrack|null} track
	 */
	async setTrack(kind, track) {
		if (!await this.#place.setTrack(kind, track) && this.#phase === 'here')
			await this.#reconnect('device', false);
	}

	/** @param {string} name */
	setName(name) {
		this.#place.setName(name);
	}

	/** @param {import('./place.js').Size} max */
	setMax(max) {
		this.#place.setMax(max);
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

	async #connect(wary = false) {
		this.model.you = await this.#place.connect(() => this.#over(), wary);
	}

	/** @param {Peer} peer */
	#onNewPeer(peer) {
		this.#quality.newLine();
		/* In the place of one that was lost: the line may be dead still. */
		if (this.#trying)
			this.#mender.beginNew();
		peer.onstate = (state) => this.#onPeer(state);
		this.#emit('stream', peer.stream);
	}

	/** @param {RTCPeerConnectionState} state */
	#onPeer(state) {
		if (state === 'connected') {
			this.#mender.end();
			if (this.#phase === 'reconnecting')
				this.#mended();
		} else if (state === 'failed') {
			this.#reconnect('line');
		} else if (state === 'disconnected' && this.#phase === 'here') {
			this.#mender.begin();	/* and says so, by #broken */
		}
	}

	/** @param {string} type @param {any} data */
	#onEvent(type, data) {
		if (type === 'quality') {
			this.#quality.hear(data);
			this.#place.follow(data.up);
			this.#emit('quality', this.#quality.line);
			return;
		}

		const change = this.model.apply(type, data);

		if (!change)
			return;
		this.#emit('room', change);
		this.#place.fit(this.model.tilemap, this.model.you);
	}

	/** @param {string} reason */
	#onEnded(reason) {
		/* What we leave behind while we connect anew is ended, too. */
		if (this.#over() || this.#trying || this.#phase === 'joining')
			return;
		if (['left', 'replaced', 'room-closed'].includes(reason))
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
		this.#mender.end();
		if (broken)
			this.#broken(reason);

		const backoff = this.#trying = new BackOff(performance.now());
		const place = this.#place;
		/* Only a line that was lost may come back by itself. */
		const hopeless = reason === 'line' ? null : place.peer;
		const good = () => place.peer !== hopeless &&
			place.peer?.state === 'connected' && !this.#over();

		if (reason === 'shutdown')
			await backoff.pause(performance.now(), SHUTDOWN_MS);
		while (!good() && !this.#over()) {
			try {
				await this.#connect(reason === 'line');
			} catch (error) {
				if (!await this.#mayTryAgain(backoff, error))
					break;
			}
		}
		this.#trying = null;
		if (good())
			this.#mended();
	}

	/** @param {BackOff} backoff @param {JoinErrorType} error */
	async #mayTryAgain(backoff, error) {
		if (this.#over())
			return false;
		this.#broken('line');
		if (error.code === 'not-found')
			this.#place.forget();
		if (error.code === 'room-closed')
			this.#finish('ended', error.code);
		if (this.#over())
			return false;
		if (error.final || !await backoff.pause(performance.now(),
			1000 * error.retry_after_s, error.code === 'unreachable')) {
			this.#mender.end();
			this.#place.deafen();
			this.#setPhase('lost', error.code);
			return false;
		}
		return !this.#over();
	}

	async #sample() {
		const peer = this.#place.peer;

		if (peer?.state !== 'connected')
			return;

		const sample = await peer.sample(performance.now());

		if (peer !== this.#place.peer)
			return;
		this.#quality.take(sample);
		this.#emit('quality', this.#quality.line);
	}

	/** @param {Phase} phase @param {string} [reason] */
	#finish(phase, reason = '') {
		this.#mender.end();
		clearInterval(this.#sampler);
		this.#setPhase(phase, reason);
		this.#trying?.wake();
		this.#place.close();
	}
}
