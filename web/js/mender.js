// Mends a silent line: ICE restarts at intervals, until it answers or is given up.
// SPDX-License-Identifier: GPL-3.0-or-later

/*
 * Browsers call a line disconnected after 5 to 8 s of silence, and failed 10
 * to 20 s later. Most come back by themselves; a network that has changed
 * needs new ways through it.
 */
const FIRST_MS = 3_000;
const EVERY_MS = 5_000;
/* Restarts keep some browsers from ever giving up. */
const GIVE_UP_MS = 20_000;

export class Mender {
	#restart; #giveUp;
	#timer = 0; #began_ms = 0; #round = 0;

	/**
	 * @param {() => Promise<void>} restart one try
	 * @param {(reason: string) => void} giveUp the line is to be replaced:
	 *        'line' when it is silent for too long, 'session' when the server
	 *        has forgotten it
	 */
	constructor(restart, giveUp) {
		this.#restart = restart;
		this.#giveUp = giveUp;
	}

	/** The line is silent. Does nothing when that was known. */
	begin() {
		if (this.#began_ms)
			return;
		this.#began_ms = performance.now();
		this.#round++;
		this.#wait(FIRST_MS);
	}

	/** It answers, or is no more. */
	end() {
		clearTimeout(this.#timer);
		removeEventListener('online', this.#now);
		this.#began_ms = 0;
	}

	/** @param {number} ms */
	#wait(ms) {
		this.#timer = setTimeout(this.#now, ms);
		addEventListener('online', this.#now, { once: true });
	}

	#now = async () => {
		const round = this.#round;

		clearTimeout(this.#timer);
		removeEventListener('online', this.#now);
		if (performance.now() - this.#began_ms >= GIVE_UP_MS) {
			this.end();
			this.#giveUp('line');
			return;
		}
		try {
			await this.#restart();
		} catch (error) {
			/* Without a network the next try may do better. */
			if (error.code === 'not-found' && this.#goesOn(round)) {
				this.end();
				this.#giveUp('session');
			}
		}
		if (this.#goesOn(round))
			this.#wait(EVERY_MS);
	};

	/** @param {number} round */
	#goesOn(round) {
		return this.#began_ms > 0 && round === this.#round;
	}
}
