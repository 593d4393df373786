// Says what is wrong with a device, and how to mend it in this browser.
// SPDX-License-Identifier: GPL-3.0-or-later

import { hasWords, t } from './words.js';

function browser() {
	if (/Firefox\//.test(navigator.userAgent))
		return 'firefox';
	return /Chrom/.test(navigator.userAgent) ? 'chromium' : 'safari';
}

/**
 * @param {'mic'|'camera'} which
 * @param {import('./state.js').Problem} problem
 */
export function problemWords(which, problem) {
	if (!problem)
		return '';

	const mend = problem === 'refused' ? `mend.${browser()}` : '';

	return t(`${which}.${problem}`) + (hasWords(mend) ? ` ${t(mend)}` : '');
}
