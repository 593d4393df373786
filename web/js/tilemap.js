// Decides when a tile map is shown: with the very frame it belongs to.
// SPDX-License-Identifier: GPL-3.0-or-later

/** @typedef {import('./events.js').TileMap} TileMap */

/* Without word from the frames, about what a picture is late. */
const BLIND_MS = 150;
/* Frames tell their time, but the right one may have been skipped or lost. */
const PATIENT_MS = 1000;

/** RTP time stamps wrap at 32 bits. @param {number} a @param {number} b */
function reached(a, b) {
	return ((a - b) | 0) >= 0;
}

export class MapClock {
	/** @type {TileMap|null} */ #next = null;
	#timer = 0;
	/** @type {number|null} */ #rtp = null;	/* of the frame on screen */

	/** @param {(map: TileMap) => void} show */
	constructor(show) {
		this.show = show;
	}

	/** @param {TileMap} map a newer one takes the place of one that waits */
	offer(map) {
		clearTimeout(this.#timer);
		this.#next = map;
		if (this.#rtp !== null && reached(this.#rtp, map.rtp))
			this.#apply();
		else
			this.#timer = setTimeout(() => this.#apply(),
				this.#rtp === null ? BLIND_MS : PATIENT_MS);
	}

	/** @param {number|undefined} rtp of the frame now on screen */
	frame(rtp) {
		if (rtp === undefined)
			return;
		this.#rtp = rtp;
		if (this.#next && reached(rtp, this.#next.rtp))
			this.#apply();
	}

	/** A new connection has new times. */
	reset() {
		clearTimeout(this.#timer);
		this.#next = null;
		this.#rtp = null;
	}

	#apply() {
		const map = this.#next;

		clearTimeout(this.#timer);
		this.#next = null;
		if (map)
			this.show(map);
	}
}
