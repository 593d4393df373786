// Mends a silent line: ICE restarts at intervals, until it answers or is given up.
// SPDX-License-Identifier: GPL-3.0-or-later

/*
 * Browsers call a line disconnected after 5 to 8 s of silence, and failed 10
 * to 20 s later. Most come back by themselves; a network that has changed
 * needs new ways through it.
 */
const FIRST_MS = 3_000;
/*
 * Checks of a browser come at growing intervals, of a restart at short ones
 * again. On a line so slow that answers take as long, less often.
 */
const EVERY_MS = 2_000;
const PATIENCE = 2;
/* Restarts keep some browsers from ever giving up. */
const GIVE_UP_MS = 20_000;

/*
 * A browser calls a line connected when its next check is answered, up to 5 s
 * after sound and picture are back: so many packets in a look say it sooner.
 */
const LOOK_MS = 300;
const LOOK_PACKETS = 3;
const SILENT_MS = 2_000;

export class Mender {
	#restart; #packets; #hear; #giveUp;
	#timer = 0; #looker = 0; #began_ms = 0; #round = 0;
	#count = -1; #heard_ms = 0; #hears = false;

	/**
	 * @param {object} on
	 * @param {() => Promise<void>} on.restart one try
	 * @param {() => Promise<number>} on.packets that have come so far
	 * @param {(heard: boolean) => void} on.hear whether media comes on the line
	 *        that the browser calls silent: false at first
	 * @param {(reason: string) => void} on.giveUp the line is to be replaced:
	 *        'line' when it is silent for too long, 'session' when the server
	 *        has forgotten it
	 */
	constructor({ restart, packets, hear, giveUp }) {
		this.#restart = restart;
		this.#packets = packets;
		this.#hear = hear;
		this.#giveUp = giveUp;
	}

	/** The line is silent. Does nothing when that was known. */
	begin() {
		if (this.#began_ms)
			return;
		this.#start(FIRST_MS);
		this.#hear(false);
	}

	/** A line that is new, and must come up soon. */
	beginNew() {
		this.end();
		this.#start(EVERY_MS);
	}

	/** @param {number} first_ms until the first try */
	#start(first_ms) {
		this.#began_ms = performance.now();
		this.#round++;
		this.#count = -1;
		this.#wait(first_ms);
		this.#looker = setInterval(this.#look, LOOK_MS);
	}

	/** It answers, or is no more. */
	end() {
		clearTimeout(this.#timer);
		clearInterval(this.#looker);
		removeEventListener('online', this.#now);
		this.#began_ms = 0;
		this.#hears = false;
	}

	/** @param {number} ms */
	#wait(ms) {
		this.#timer = setTimeout(this.#now, ms);
		addEventListener('online', this.#now, { once: true });
	}

	#now = async () => {
		const round = this.#round;
		const asked_ms = performance.now();
		let took_ms = 0;

		clearTimeout(this.#timer);
		removeEventListener('online', this.#now);
		if (performance.now() - this.#began_ms >= GIVE_UP_MS) {
			this.end();
			this.#giveUp('line');
			return;
		}
		try {
			await this.#restart();
			took_ms = performance.now() - asked_ms;
		} catch (error) {
			/* Without a network the next try may do better. */
			if (error.code === 'not-found' && this.#goesOn(round)) {
				this.end();
				this.#giveUp('session');
			}
		}
		if (this.#goesOn(round))
			this.#wait(Math.max(EVERY_MS, PATIENCE * took_ms));
	};

	#look = async () => {
		const round = this.#round;
		const count = await this.#packets();
		const now_ms = performance.now();

		if (!this.#goesOn(round))
			return;

		const more = this.#count < 0 ? 0 : count - this.#count;

		this.#count = count;
		if (more > 0)
			this.#heard_ms = now_ms;

		const hears = more >= LOOK_PACKETS ||
			this.#hears && now_ms - this.#heard_ms < SILENT_MS;

		if (hears === this.#hears)
			return;
		this.#hears = hears;
		this.#hear(hears);
	};

	/** @param {number} round */
	#goesOn(round) {
		return this.#began_ms > 0 && round === this.#round;
	}
}
