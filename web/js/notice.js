// The one card over the stage: what is going on, and what can be done about it.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, icon, setText } from './dom.js';
import { problemWords } from './problems.js';
import { hasWords, t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {object} Notice
 * @property {string} words
 * @property {'middle'|'low'} place
 * @property {boolean} [busy]          a spinner
 * @property {Action[]} [buttons]
 */

/** @typedef {'again'|'back'|'copy'|'sound'|'close'} Action */

/** @type {Record<string, string>} icons of some buttons */
const SIGNS = { copy: 'link', sound: 'sound' };

/** @param {State} state @returns {Notice|null} */
function noticeOf(state) {
	switch (state.phase) {
	case 'joining':
		return working('phase.joining');
	case 'reconnecting':
		return state.slow ? working('phase.reconnecting') : null;
	case 'lost':
		return trouble(state, 'phase.lost');
	case 'failed':
		return trouble(state, 'phase.refused');
	case 'here':
		if (!state.picture)
			return working('phase.joining');
		if (state.silenced)
			return { words: t('phase.silenced'), place: 'low', buttons: ['sound'] };
		if (state.missing)
			return { words: problemWords(state.missing, state[state.missing].problem),
				place: 'low', buttons: ['close'] };
		if (state.people.length <= 1)
			return { words: t('phase.alone'), place: 'low', buttons: ['copy'] };
	}
	return null;
}

/** @param {string} words @returns {Notice} */
function working(words) {
	return { words: t(words), place: 'middle', busy: true };
}

/** @param {State} state @param {string} otherwise @returns {Notice} */
function trouble(state, otherwise) {
	const key = `phase.${state.reason}`;

	return { words: t(hasWords(key) ? key : otherwise), place: 'middle',
		buttons: ['again', 'back'] };
}

/** @param {string} name @param {State} state */
function buttonWords(name, state) {
	const s = Math.ceil((state.retry_at_ms - performance.now()) / 1000);

	if (name === 'again' && s > 0)
		return t('notice.again.in', { s });
	return t(name === 'copy' && state.copied ? 'notice.copied' : `notice.${name}`);
}

/**
 * @param {import('./state.js').Store} store
 * @param {Record<Action, () => void>} actions
 */
export function showNotice(store, actions) {
	const card = $('#notice'), row = $('#notice-buttons');
	let shown = '';

	/** @param {Action} name */
	const make = (name) => {
		const sign = SIGNS[name];
		const node = el('button', ['back', 'close'].includes(name) ?
			'secondary' : 'primary',
			...sign ? [icon(sign)] : [], el('span'));

		node.type = 'button';
		node.dataset.action = name;
		node.onclick = () => actions[name]();
		return node;
	};

	store.view((state) => {
		const notice = state.screen === 'meeting' ? noticeOf(state) : null;
		const buttons = notice?.buttons ?? [];

		card.hidden = !notice;
		if (!notice) {
			shown = '';
			return;
		}
		card.classList.toggle('low', notice.place === 'low');
		card.classList.toggle('column', notice.place === 'middle' && buttons.length > 0);
		$('.spinner', card).hidden = !notice.busy;
		setText($('#notice-words'), notice.words);
		if (shown !== buttons.join()) {
			shown = buttons.join();
			row.replaceChildren(...buttons.map(make));
		}
		for (const node of row.children)
			setText($('span', node), buttonWords(node.dataset.action, state));
	});
}
