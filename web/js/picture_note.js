// What stands over a picture that a thin line lets move no more: that this is meant to be.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, setText } from './dom.js';
import { t } from './words.js';

/** @typedef {import('./state.js').State} State */

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

/** @param {import('./state.js').Store} store */
export function showPictureNote(store) {
	const note = $('#picture-note');

	store.view((state) => {
		const left = leftOfPicture(state);

		document.body.dataset.left = left;
		note.hidden = !left;
		if (left)
			setText($('span', note), t(`picture.${left}.${
				state.line.reason === 'server-busy' ? 'busy' : 'line'}`));
	});
}
