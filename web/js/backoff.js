// When to try a lost line again, and when to stop trying.
// SPDX-License-Identifier: GPL-3.0-or-later

const PAUSES_MS = [300, 700, 1500, 3000, 5000];
/* Whether a dead line has come back is asked more often: that costs nobody anything. */
const DEAD_MS = 1000;
const GIVE_UP_MS = 60_000;

export class BackOff {
	#began_ms; #tries = 0;
	#wake = () => {};

	/** @param {number} began_ms when the trouble began */
	constructor(began_ms) {
		this.#began_ms = began_ms;
	}

	/**
	 * Waits until the next try is due, or the network is back.
	 * @param {number} now_ms
	 * @param {number} least_ms as the server asked
	 * @param {boolean} dead nothing gets through
	 * @returns {Promise<boolean>} false: tried long enough
	 */
	async pause(now_ms, least_ms, dead = false) {
		if (now_ms - this.#began_ms > GIVE_UP_MS)
			return false;

		const own_ms = Math.min(dead ? DEAD_MS : Infinity,
			PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)]);

		await new Promise((resolve) => {
			this.#wake = () => resolve(undefined);
			addEventListener('online', this.#wake, { once: true });
			setTimeout(resolve, Math.max(own_ms, least_ms));
		});
		removeEventListener('online', this.#wake);
		return true;
	}

	/** Ends a pause early. */
	wake() {
		this.#wake();
	}
}
