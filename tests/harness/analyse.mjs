/*
 * What was received, in figures: tones in sound and colours in pictures.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Far apart in luma and chroma, so that no codec turns one into another. */
export const palette = {
	red: [210, 40, 40],
	green: [40, 170, 60],
	blue: [50, 70, 210],
	yellow: [220, 200, 50],
	violet: [170, 50, 190],
	cyan: [60, 190, 200],
};

/* The largest difference of a channel between two colours. */
export function colourDistance(one, other) {
	return Math.max(...one.map((value, channel) => Math.abs(value - other[channel])));
}

/* The name in the palette of a colour seen, or its figures when it is none of them. */
export function colourName(seen, tolerance = 40) {
	for (const [name, colour] of Object.entries(palette)) {
		if (colourDistance(seen, colour) <= tolerance)
			return name;
	}
	return `rgb ${seen.map(Math.round).join(' ')}`;
}

/* Power of one frequency in `samples`, as the square of a sine's amplitude (Goertzel, Hann). */
function power(samples, window, rate, hz) {
	const turn = 2 * Math.PI * hz / rate;
	const factor = 2 * Math.cos(turn);
	let before = 0, last = 0, weight = 0;

	for (let i = 0; i < samples.length; i++) {
		const next = samples[i] * window[i] + factor * last - before;
		before = last;
		last = next;
		weight += window[i];
	}
	const energy = last * last + before * before - factor * last * before;
	return 4 * energy / (weight * weight);
}

/*
 * Level in dBFS of each frequency (0 is a sine of full scale): the median over windows of half a
 * second, so that a click or a repaired gap does not count. `samples`: Int16Array, mono.
 */
export function toneLevels(samples, frequencies, rate = 48000) {
	const length = rate / 2;
	const window = Float64Array.from({ length },
	    (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / length));
	const found = frequencies.map(() => []);

	for (let start = 0; start + length <= samples.length; start += length / 2) {
		const part = samples.subarray(start, start + length);
		frequencies.forEach((hz, i) => found[i].push(power(part, window, rate, hz)));
	}
	return found.map((powers) => {
		if (!powers.length)
			return -Infinity;
		powers.sort((a, b) => a - b);
		return 10 * Math.log10(powers[powers.length >> 1] / 32768 ** 2 + 1e-12);
	});
}

/* Seconds of sound, and its level over all in dBFS. */
export function loudness(samples, rate = 48000) {
	let sum = 0;

	for (const sample of samples)
		sum += sample * sample;
	return {
		seconds: samples.length / rate,
		level: 10 * Math.log10(2 * sum / (samples.length || 1) / 32768 ** 2 + 1e-12),
	};
}
