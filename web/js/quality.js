// Judges one's own line from samples and the server's word. Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @typedef {import('./peer.js').Sample} Sample
 * @typedef {'fine'|'server-busy'|'uplink-rate'|'uplink-loss'|'downlink-loss'|'downlink-rate'
 *     |'delay'} Reason
 * @typedef {object} Told             the server's event `quality`
 * @property {Reason} reason
 * @property {{wanted_kbps: number, line_kbps: number}} up
 * @property {{line_kbps: number, height: number, fps: number}} down
 *
 * @typedef {object} Line             what is known of the line now
 * @property {Reason} reason          what holds it back most
 * @property {number} line_bps        what it carries down, 0: not known
 * @property {'smaller'|'stills'|'none'} picture  what a thin line leaves of it
 * @property {Sample[]} samples       the last two minutes, oldest first
 */

const BAD_LOSS = 0.08;
const BAD_RTT_MS = 600;

/* Weak after so many bad samples, and until all are made good. */
const PATIENCE = 2;
const MEMORY = 4;

/* What the server said holds for so many samples of ours. */
const TOLD_SAMPLES = 2;
const SAMPLES = 60;
/* Stills that come less often than one in so many samples are none. */
const STILL_SAMPLES = 3;

/** @param {Sample} sample @returns {Reason} */
function judge({ loss_in, loss_out, rtt_ms }) {
	if (loss_out > BAD_LOSS)
		return 'uplink-loss';
	if (loss_in > BAD_LOSS)
		return 'downlink-loss';
	return rtt_ms > BAD_RTT_MS ? 'delay' : 'fine';
}

export class LineQuality {
	#bad = 0;
	/** @type {Reason} */ #seen = 'fine';
	/** @type {Told|null} */ #told = null;
	#told_samples = 0;
	#before_bytes = 0;
	#now_bytes = 0;
	/** @type {Sample[]} */ #samples = [];

	interruptions = 0;

	/** A new connection counts its bytes from nothing. */
	newLine() {
		this.#before_bytes += this.#now_bytes;
		this.#now_bytes = 0;
		this.#told = null;
	}

	/** @param {Told} told */
	hear(told) {
		this.#told = told;
		this.#told_samples = TOLD_SAMPLES;
	}

	/** @param {Sample} sample */
	take(sample) {
		const reason = judge(sample);

		this.#samples = [...this.#samples.slice(1 - SAMPLES), sample];
		if (--this.#told_samples < 0)
			this.#told = null;
		this.#now_bytes = sample.received_bytes;
		this.#bad = reason !== 'fine' ? Math.min(this.#bad + 1, MEMORY) :
			Math.max(this.#bad - 1, 0);
		if (reason !== 'fine' && this.#bad >= PATIENCE)
			this.#seen = reason;
		else if (this.#bad === 0)
			this.#seen = 'fine';
	}

	/** @returns {Line} */
	get line() {
		const told = this.#told?.reason ?? 'fine';
		const { height = 0, fps = 0 } = this.#told?.down ?? { height: 1, fps: 1 };
		/* What is sent may not get here: what comes is what counts. */
		const frozen = this.#samples.at(-1)?.frames === 0;
		const waits = frozen && this.#samples.slice(-STILL_SAMPLES)
			.every(({ frames }) => frames === 0);
		const stills = waits ? 'none' : !fps || frozen ? 'stills' : 'smaller';

		return {
			reason: told === 'fine' ? this.#seen : told,
			line_bps: 1000 * (this.#told?.down.line_kbps ?? 0),
			picture: height ? stills : 'none',
			samples: this.#samples,
		};
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
