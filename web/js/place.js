// One's place in the room: what one sends, and the connection that carries it.
// SPDX-License-Identifier: GPL-3.0-or-later

import { Peer } from './peer.js';
import { JOIN_MS, JoinError, Wire } from './wire.js';

/**
 * @typedef {import('./peer.js').Kind} Kind
 * @typedef {import('./events.js').TileMap} TileMap
 * @typedef {'720p'|'360p'|'180p'} Size
 *
 * @typedef {object} Options
 * @property {string} room
 * @property {string} [server] origin, '' for this page's own
 * @property {string} [name]
 * @property {Size} [max] the largest picture wanted
 * @property {MediaStreamTrack|null} [audio]
 * @property {MediaStreamTrack|null} [video]
 * @property {boolean} [mayAudio] a microphone may come later
 * @property {boolean} [mayVideo] a camera may come later
 * @property {boolean} [mic] switched on
 * @property {boolean} [camera] switched on
 */

export class Place {
	#wire; #name; #max; #tracks; #sends; #on;
	/** @type {Peer|null} */ #peer = null;

	/** @type {(peer: Peer) => void} a new connection takes the place of the old */
	onpeer = () => {};
	/** @type {(type: string, data: any) => void} */
	onevent = () => {};
	/** @type {(reason: string) => void} */
	onended = () => {};

	/** @param {Options} options */
	constructor({ room, server = '', name = '', max = '720p', audio = null,
		video = null, mayAudio = false, mayVideo = false,
		mic = true, camera = true }) {
		this.#wire = new Wire(server, room);
		this.#name = name;
		this.#max = max;
		this.#tracks = { audio, video };
		this.#sends = { audio: !!audio || mayAudio, video: !!video || mayVideo };
		this.#on = { mic: mic && !!audio, camera: camera && !!video };
	}

	get peer() {
		return this.#peer;
	}

	/**
	 * One new connection; resolves with our id when media can flow on it.
	 * @param {() => boolean} unwanted the person has left meanwhile
	 * @param {boolean} [wary] the server may be out of reach: a join into a
	 *        dead line takes long to be given up
	 */
	async connect(unwanted, wary = false) {
		if (wary)
			await this.#wire.reach();
		if (!('RTCPeerConnection' in globalThis))
			throw new JoinError('no-webrtc');

		const peer = new Peer(this.#tracks, this.#sends, this.#on.camera);

		try {
			const { answer, you } = await this.#wire.join(await peer.offer(),
				{ name: this.#name, max: this.#max });

			if (unwanted())
				throw new JoinError('left');
			await peer.accept(answer);
			this.#use(peer);
			await peer.connected(JOIN_MS);
			return you;
		} catch (error) {
			if (peer !== this.#peer)
				peer.close();
			if (unwanted()) {
				this.#wire.goodbye();
				throw new JoinError('left');
			}
			throw error instanceof JoinError ? error : new JoinError('media');
		}
	}

	/** Packets that came on the connection that there is. */
	async packets() {
		return await this.#peer?.packets() ?? 0;
	}

	/**
	 * Gives the connection that there is new ways through the network. Not
	 * when nobody can be told: it would not come back by the old one either.
	 */
	async restart() {
		await this.#wire.reach();
		await this.#peer?.restart((fragment) => this.#wire.restart(fragment));
	}

	/** @param {Peer} peer */
	#use(peer) {
		const old = this.#peer;

		this.#peer = peer;
		this.onpeer(peer);
		old?.close();
		this.#wire.listen({ event: this.onevent, ended: this.onended });
		/* The server takes what was offered for switched on. */
		if (this.#sends.audio && !this.#on.mic)
			this.#wire.patch({ mic: false });
		if (this.#sends.video && !this.#on.camera)
			this.#wire.patch({ camera: false });
	}

	/** @param {boolean} on */
	setMicrophone(on) {
		this.#on.mic = on;
		if (this.#tracks.audio)
			this.#tracks.audio.enabled = on;
		this.#wire.patch({ mic: on && !!this.#tracks.audio });
	}

	/** @param {boolean} on */
	async setCamera(on) {
		this.#on.camera = on;
		await this.#peer?.setVideoActive(on);
		this.#wire.patch({ camera: on && !!this.#tracks.video });
	}

	/**
	 * @param {Kind} kind
	 * @param {MediaStreamTrack|null} track
	 * @returns {Promise<boolean>} false: the connection was made without this
	 *                             kind, so a new one is needed
	 */
	async setTrack(kind, track) {
		this.#tracks[kind] = track;
		if (kind === 'audio' && track)
			track.enabled = this.#on.mic;
		if (track && !this.#sends[kind]) {
			this.#sends[kind] = true;
			this.#on[kind === 'audio' ? 'mic' : 'camera'] = true;
			track.enabled = true;
			return false;
		}
		await this.#peer?.setTrack(kind, track);
		return true;
	}

	/** @param {string} name */
	setName(name) {
		this.#name = name;
		this.#wire.patch({ name });
	}

	/** @param {Size} max */
	setMax(max) {
		if (max !== this.#max)
			this.#wire.patch({ max });
		this.#max = max;
	}

	/**
	 * Sends what the own tile shows, and no more.
	 * @param {TileMap|null} map
	 * @param {string} you
	 */
	fit(map, you) {
		const own = map?.tiles.find((tile) => tile.id === you);

		if (map && own)
			this.#peer?.fit(Math.round(own.h * map.canvas[1]));
	}

	/**
	 * Sends what the server says that the line and the own tile have room for.
	 * @param {{wanted_kbps: number, line_kbps: number}} up of the event `quality`
	 */
	follow({ wanted_kbps, line_kbps }) {
		this.#peer?.thinSound(line_kbps > 0);
		this.#peer?.limit(wanted_kbps || line_kbps ? 1000 * wanted_kbps : Infinity);
	}

	/** The next connection takes a new place: this one is gone. */
	forget() {
		this.#wire.forget();
	}

	/** Tells the server. */
	goodbye() {
		this.#wire.goodbye();
	}

	/** No more events; the picture may go on. */
	deafen() {
		this.#wire.close();
	}

	close() {
		this.#wire.close();
		this.#peer?.close();
		this.#peer = null;
	}
}
