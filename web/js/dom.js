// Small helpers to make and change elements. Text goes in as text only.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {any}
 */
export function $(selector, root = document) {
	const node = root.querySelector(selector);

	if (!node)
		throw new Error(`no ${selector}`);
	return node;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {(Node|string)[]} children
 * @returns {any}
 */
export function el(tag, className = '', ...children) {
	const node = document.createElement(tag);

	if (className)
		node.className = className;
	node.append(...children);
	return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon of the sprite in index.html. @param {string} name */
export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	const use = document.createElementNS(SVG, 'use');

	svg.setAttribute('class', 'icon');
	svg.setAttribute('aria-hidden', 'true');
	use.setAttribute('href', `#i-${name}`);
	svg.append(use);
	return svg;
}

/** @param {ParentNode} button @param {string} name */
export function setIcon(button, name) {
	const use = $('use', button);

	if (use.getAttribute('href') !== `#i-${name}`)
		use.setAttribute('href', `#i-${name}`);
}

/** @param {Element} node @param {string} text */
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string} value */
export function setAttr(node, name, value) {
	if (node.getAttribute(name) !== value)
		node.setAttribute(name, value);
}

/** @param {HTMLMediaElement} video @param {MediaStream|null} stream */
export function setStream(video, stream) {
	if (video.srcObject !== stream)
		video.srcObject = stream;
}

/**
 * Makes the children of `list` be one for each key, in that order, with as
 * little moved as possible.
 * @template T
 * @param {Element} list
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(key: string) => HTMLElement} make
 * @param {(node: any, item: T) => void} update
 */
export function keyed(list, items, keyOf, make, update) {
	const old = new Map([...list.children].map(
		(node) => [/** @type {HTMLElement} */ (node).dataset.key, node]));
	let at = list.firstElementChild;

	for (const item of items) {
		const key = keyOf(item);
		let node = old.get(key);

		old.delete(key);
		if (!node) {
			node = make(key);
			/** @type {HTMLElement} */ (node).dataset.key = key;
		}
		if (node === at)
			at = at.nextElementSibling;
		else
			list.insertBefore(node, at);
		update(node, item);
	}
	for (const node of old.values())
		node.remove();
}
