// The one card over the stage: what is going on, and what can be done about it.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, icon, setText } from './dom.js';
import { hasWords, t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {object} Notice
 * @property {string} words
 * @property {'middle'|'low'} place
 * @property {boolean} [busy]          a spinner
 * @property {('again'|'back'|'copy'|'sound')[]} [buttons]
 */

/** @param {State} state @returns {Notice|null} */
function noticeOf(state) {
	switch (state.phase) {
	case 'joining':
		return { words: t('phase.joining'), place: 'middle', busy: true };
	case 'reconnecting':
		return state.slow ? { words: t('phase.reconnecting'), place: 'middle', busy: true } : null;
	case 'lost':
		return { words: reason(state, 'phase.lost'), place: 'middle', buttons: ['again', 'back'] };
	case 'failed':
		return { words: reason(state, 'phase.refused'), place: 'middle', buttons: ['again', 'back'] };
	case 'here':
		if (!state.picture)
			return { words: t('phase.joining'), place: 'middle', busy: true };
		if (state.silenced)
			return { words: t('phase.silenced'), place: 'low', buttons: ['sound'] };
		if (state.people.length <= 1)
			return { words: t('phase.alone'), place: 'low', buttons: ['copy'] };
	}
	return null;
}

/** @param {State} state @param {string} otherwise */
function reason(state, otherwise) {
	const key = `phase.${state.reason}`;

	return t(hasWords(key) ? key : otherwise);
}

/** @param {State} state */
function againWords(state) {
	const s = Math.ceil((state.retry_at_ms - performance.now()) / 1000);

	return s > 0 ? t('notice.again.in', { s }) : t('notice.again');
}

/**
 * @param {import('./state.js').Store} store
 * @param {Record<'again'|'back'|'copy'|'sound', () => void>} actions
 */
export function showNotice(store, actions) {
	const card = $('#notice'), row = $('#notice-buttons');
	let shown = '';

	/** @param {'again'|'back'|'copy'|'sound'} name */
	const make = (name) => {
		const node = el('button', name === 'back' ? 'secondary' : 'primary',
			...(name === 'copy' ? [icon('link')] : name === 'sound' ? [icon('sound')] : []),
			el('span'));

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
			setText($('span', node), node.dataset.action === 'again' ? againWords(state) :
				t(node.dataset.action === 'copy' && state.copied ?
					'notice.copied' : `notice.${node.dataset.action}`));
	});
}
