// What stands over a picture that a thin line lets move no more: that this is meant to be.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, setText } from './dom.js';
import { duration, t } from './words.js';

/** @typedef {import('./state.js').State} State */

const SECOND_MS = 1000;

/**
 * What is left of the picture, when it is less than a moving one.
 * @param {State} state
 * @returns {'stills'|'none'|''}
 */
export function leftOfPicture({ screen, phase, picture, line }) {
	if (screen !== 'meeting' || phase !== 'here' || !picture || line.reason === 'fine')
		return '';
	return line.picture === 'smaller' ? '' : line.picture;
}

/**
 * @param {import('./state.js').Store} store
 * @param {import('./stage.js').Stage} stage which knows how old the picture is
 * @param {import('./announce.js').Announcer} announcer
 */
export function showPictureNote(store, stage, announcer) {
	const note = $('#picture-note'), age = $('.age', note);
	let said = '', timer = 0;

	const drawAge = () => {
		const seconds = stage.age_ms / SECOND_MS;

		setText(age, seconds < 1 ? '' : t(`picture.age.${document.body.dataset.left}`,
			{ age: duration(seconds) }));
	};

	store.view((state) => {
		const left = leftOfPicture(state);
		const words = left && t(`picture.${left}.${
			state.line.reason === 'server-busy' ? 'busy' : 'line'}`);

		document.body.dataset.left = left;
		note.hidden = !left;
		if (words === said)
			return;
		said = words;
		clearInterval(timer);
		if (!words)
			return;
		setText($('.words', note), words);
		drawAge();
		timer = setInterval(drawAge, SECOND_MS);
		announcer.say(words, 'line');
	});
}
