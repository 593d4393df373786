// What this machine remembers: name and devices. Works without, too.
// SPDX-License-Identifier: GPL-3.0-or-later

const PREFIX = 'tessera.';

/** @param {string} key */
export function recall(key) {
	try {
		return localStorage.getItem(PREFIX + key) ?? '';
	} catch {
		return '';
	}
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
	try {
		localStorage.setItem(PREFIX + key, value);
	} catch {
		/* storage is off: nothing is remembered */
	}
}
