// Judges one's own line from samples, and sums up how it was. Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/** @typedef {import('./peer.js').Sample} Sample */

const BAD_LOSS = 0.08;
const BAD_RTT_MS = 600;

/* Weak after so many bad samples, and until all are made good. */
const PATIENCE = 2;
const MEMORY = 4;

export class LineQuality {
	#bad = 0;
	#before_bytes = 0;
	#now_bytes = 0;

	weak = false;
	interruptions = 0;

	/** A new connection counts its bytes from nothing. */
	newLine() {
		this.#before_bytes += this.#now_bytes;
		this.#now_bytes = 0;
	}

	/** @param {Sample} sample */
	take(sample) {
		const bad = Math.max(sample.loss_in, sample.loss_out) > BAD_LOSS ||
			sample.rtt_ms > BAD_RTT_MS;

		this.#now_bytes = sample.received_bytes;
		this.#bad = bad ? Math.min(this.#bad + 1, MEMORY) :
			Math.max(this.#bad - 1, 0);
		this.weak = this.weak ? this.#bad > 0 : this.#bad >= PATIENCE;
	}

	/** @param {number} seconds */
	summary(seconds) {
		const bytes = this.#before_bytes + this.#now_bytes;

		return {
			seconds,
			received_bps: seconds > 0 ? 8 * bytes / seconds : 0,
			interruptions: this.interruptions,
		};
	}
}
