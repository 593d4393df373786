/*
 * Sound that codecs take for speech: vowels in syllables, a pause for breath now and then.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For a steady tone Opus leaves its speech mode, and with it all repair in the band.
 */

const RATE_HZ = 48000;
const PITCH_HZ = 130;
const LEVEL = 0.06;
/* First three formants, Hz. */
const vowels = [[730, 1090, 2440], [530, 1840, 2480], [270, 2290, 3010], [570, 840, 2410],
	[300, 870, 2240]];

/* next(count): the next samples, Int16Array; the same sound each time. */
export class Babble {
	#seed = 1;
	#phase = 0;
	#left = 0;
	#length = 1;
	#gain = 0;
	#formants = vowels[0];
	#state = [[0, 0], [0, 0], [0, 0]];

	#random() {
		this.#seed = Math.imul(this.#seed, 1664525) + 1013904223 >>> 0;
		return this.#seed / 2 ** 32;
	}

	#syllable() {
		this.#formants = vowels[Math.floor(this.#random() * vowels.length)];
		this.#length = this.#left = Math.floor(RATE_HZ * (0.11 + 0.13 * this.#random()));
		this.#gain = this.#random() < 1 / 6 ? 0 : LEVEL;
	}

	#sample() {
		if (this.#left-- <= 0)
			this.#syllable();
		this.#phase = (this.#phase + PITCH_HZ / RATE_HZ) % 1;
		const source = 1 - 2 * this.#phase + 0.15 * (2 * this.#random() - 1);
		let sum = 0;

		this.#formants.forEach((hz, i) => {
			const r = Math.exp(-Math.PI * (60 + 40 * i) / RATE_HZ);
			const c = 2 * r * Math.cos(2 * Math.PI * hz / RATE_HZ);
			const [last, before] = this.#state[i];
			const out = (1 - r) * source + c * last - r * r * before;
			this.#state[i] = [out, last];
			sum += out / (1 + i);
		});
		return this.#gain * Math.sin(Math.PI * this.#left / this.#length) * sum;
	}

	next(count) {
		return Int16Array.from({ length: count },
		    () => 32767 * Math.max(-1, Math.min(1, this.#sample())));
	}
}
