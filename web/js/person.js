// How one person is shown everywhere: colour, initials, name.
// SPDX-License-Identifier: GPL-3.0-or-later

import { t } from './words.js';

const FNV1A_START = 0x811c9dc5;
const FNV1A_PRIME = 0x01000193;

/**
 * The same person has the same colour in the mosaic, in the list and in the
 * ring: docs/API.md, "Colours". The server paints it, too.
 * @param {string} id
 * @returns {number} degrees
 */
export function hueOf(id) {
	let hash = FNV1A_START;

	for (let i = 0; i < id.length; i++)
		hash = Math.imul(hash ^ id.charCodeAt(i), FNV1A_PRIME);
	return (hash >>> 0) % 360;
}

/** @param {HTMLElement} node @param {string} id '' for nobody's colour */
export function setColour(node, id) {
	if (node.dataset.colour === id)
		return;
	node.dataset.colour = id;
	node.classList.toggle('hued', !!id);
	node.style.setProperty('--degrees', String(hueOf(id)));
}

/**
 * "Ada Lovelace" is "AL"; nothing where a name has no letters.
 * @param {string} name
 */
export function initials(name) {
	const parts = name.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.-]*/gu) ?? [];
	const first = parts[0], last = parts.length > 1 ? parts[parts.length - 1] : '';

	return [first, last].filter(Boolean)
		.map((word) => [.../** @type {string} */ (word)][0].toLocaleUpperCase())
		.join('');
}

/** @param {{name: string}} person */
export function nameOf(person) {
	return person.name || t('guest');
}
