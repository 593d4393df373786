// Copies a text, also where the page was not opened by https.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it is on the clipboard
 */
export async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copyBySelection(text);
	}
}

/** @param {string} text */
function copyBySelection(text) {
	const field = document.createElement('textarea');
	const focused = document.activeElement;

	field.value = text;
	field.className = 'unseen';
	document.body.append(field);
	field.select();

	const copied = document.execCommand('copy');

	field.remove();
	if (focused instanceof HTMLElement)
		focused.focus();
	return copied;
}
