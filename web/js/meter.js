// How loud the microphone is, for the eye.
// SPDX-License-Identifier: GPL-3.0-or-later

const FLOOR_DB = -60;
const TOP_DB = -12;
/* What a voice exceeds and a silent room does not. */
const HEARD = 0.25;

export class Meter {
	/** @type {AudioContext|null} */ #context = null;
	/** @type {AnalyserNode|null} */ #analyser = null;
	/** @type {MediaStreamAudioSourceNode|null} */ #source = null;
	#samples = new Float32Array(1024);
	#timer = 0;
	#level = 0;

	/** @type {(level: number, heard: boolean) => void} 0..1 */
	onlevel = () => {};

	/** @param {MediaStreamTrack|null} track */
	listen(track) {
		this.stop();
		if (!track)
			return;
		this.#context ??= new AudioContext();
		this.#context.resume().catch(() => {});
		this.#analyser = this.#context.createAnalyser();
		this.#analyser.fftSize = this.#samples.length;
		this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
		this.#source.connect(this.#analyser);
		this.#timer = setInterval(() => this.#look(), 50);
	}

	#look() {
		this.#analyser?.getFloatTimeDomainData(this.#samples);

		let sum = 0;

		for (const sample of this.#samples)
			sum += sample * sample;

		const db = 10 * Math.log10(sum / this.#samples.length + 1e-12);
		const now = Math.min(1, Math.max(0, (db - FLOOR_DB) / (TOP_DB - FLOOR_DB)));

		/* Up at once, down softly, as the eye likes it. */
		this.#level = Math.max(now, this.#level * 0.86);
		this.onlevel(this.#level, now > HEARD);
	}

	stop() {
		clearInterval(this.#timer);
		this.#source?.disconnect();
		this.#source = null;
		this.#level = 0;
		this.onlevel(0, false);
	}
}
