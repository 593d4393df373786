// How one person is shown everywhere: colour, initials, name.
// SPDX-License-Identifier: GPL-3.0-or-later

import { t } from './words.js';

const COLOURS = 12;

/**
 * The same person has the same colour in the mosaic, in the list and in the
 * ring: the public id, a random number in hex, modulo the palette.
 * @param {string} id
 * @returns {string} class name, see style/tokens.css
 */
export function colourClass(id) {
	return `hue-${(parseInt(id, 16) || 0) % COLOURS}`;
}

/** @param {Element} node @param {string} id */
export function setColour(node, id) {
	const wanted = colourClass(id);

	for (const name of [...node.classList])
		if (name.startsWith('hue-') && name !== wanted)
			node.classList.remove(name);
	node.classList.add(wanted);
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
