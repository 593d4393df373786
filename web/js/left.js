// The screen after a meeting: how it was, and the way back.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, setText } from './dom.js';
import { duration, hasWords, rate, t } from './words.js';

/**
 * @param {import('./state.js').Store} store
 * @param {() => void} rejoin
 */
export function showLeft(store, rejoin) {
	$('#rejoin').onclick = rejoin;

	store.view((state) => {
		if (state.screen !== 'left')
			return;

		const { room, reason, summary } = state;
		const title = `left.${reason}.title`;

		setText($('#left-title'), t(hasWords(title) ? title : 'left.title', { room }));
		setText($('#left-text'), reason && hasWords(`left.${reason}`) ?
			t(`left.${reason}`, { room }) : '');

		/** @type {[string, string][]} */
		const rows = !summary?.seconds ? [] : [
			['left.time', duration(summary.seconds)],
			['left.rate', rate(summary.received_bps)],
			['left.line', summary.interruptions ?
				t('left.cuts', { n: summary.interruptions }) : t('left.calm')],
		];

		$('#how').replaceChildren(...rows.flatMap(([key, value]) =>
			[el('dt', '', t(key)), el('dd', '', value)]));
	});
}
