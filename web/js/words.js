// All words the page says, from one file for each language.
// SPDX-License-Identifier: GPL-3.0-or-later

const LANGUAGE = 'en';
const plural = new Intl.PluralRules(LANGUAGE);

/** @type {Record<string, string>} */
let words = {};

export async function loadWords() {
	words = await (await fetch(`/_/words/${LANGUAGE}.json`)).json();
}

/**
 * The words for `key`, with {names} replaced. A value `n` chooses between
 * `key.one` and `key.other`.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 */
export function t(key, values = {}) {
	const found = 'n' in values && words[`${key}.${plural.select(Number(values.n))}`];
	const text = found || words[key] || key;

	return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** @param {string} key */
export function hasWords(key) {
	return key in words;
}

/**
 * Puts words into a part of the page: data-t is the text, data-t-label the
 * name for assistive technology, data-t-hint a placeholder.
 * @param {ParentNode} root
 */
export function fillWords(root) {
	for (const node of root.querySelectorAll('[data-t]'))
		node.textContent = t(/** @type {HTMLElement} */ (node).dataset.t ?? '');
	for (const node of root.querySelectorAll('[data-t-label]'))
		node.setAttribute('aria-label',
			t(/** @type {HTMLElement} */ (node).dataset.tLabel ?? ''));
	for (const node of root.querySelectorAll('[data-t-hint]'))
		node.setAttribute('placeholder',
			t(/** @type {HTMLElement} */ (node).dataset.tHint ?? ''));
}

/**
 * "34 min", "2 h 5 min", "40 s".
 * @param {number} seconds
 */
export function duration(seconds) {
	const s = Math.round(seconds);

	if (s < 60)
		return t('time.seconds', { s });
	if (s < 3600)
		return t('time.minutes', { m: Math.round(s / 60) });
	return t('time.hours', { h: Math.floor(s / 3600), m: Math.floor(s % 3600 / 60) });
}

/**
 * "1.2 Mbit/s".
 * @param {number} bps
 */
export function rate(bps) {
	if (bps >= 995_000)
		return t('rate.mega', { r: (bps / 1e6).toFixed(1) });
	return t('rate.kilo', { r: Math.round(bps / 1000) });
}
