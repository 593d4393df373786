// What a screen reader hears: who comes, goes and speaks; politely, one thing a second.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $ } from './dom.js';

const PAUSE_MS = 1000;
/* Older news than these few is not worth the waiting. */
const MOST = 4;

export class Announcer {
	#node = $('#live');
	/** @type {{topic: string, words: string}[]} */
	#waiting = [];
	#timer = 0;

	/**
	 * @param {string} words
	 * @param {string} [topic] newer words on a topic take the place of older ones
	 */
	say(words, topic = '') {
		if (topic)
			this.#waiting = this.#waiting.filter((one) => one.topic !== topic);
		this.#waiting.push({ topic, words });
		if (this.#waiting.length > MOST)
			this.#waiting.shift();
		if (!this.#timer)
			this.#next();
	}

	#next() {
		const news = this.#waiting.shift();

		this.#timer = 0;
		if (!news)
			return;
		this.#node.textContent = news.words;
		this.#timer = setTimeout(() => this.#next(), PAUSE_MS);
	}
}
