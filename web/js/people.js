// The list of who is here: who speaks first.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, icon, keyed, setText } from './dom.js';
import { nameOf, setColour } from './person.js';
import { inOrder } from './session.js';
import { drawFace } from './stage.js';
import { t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./events.js').Person} Person
 */

/* So often the order may change, so that it can be read. */
const ORDER_MS = 2000;

const tall = matchMedia('(max-aspect-ratio: 9 / 10)');

/**
 * Open by itself where it takes nothing from the mosaic and has more to tell
 * than oneself.
 * @param {State} state
 */
export function panelOpen(state) {
	return state.panel ?? (tall.matches && state.people.length > 1);
}

/** @param {Person} person @param {boolean} speaks */
function said(person, speaks) {
	const words = [];

	if (person.state !== 'here')
		words.push(t(`people.${person.state}`));
	if (speaks)
		words.push(t('people.speaking'));
	return words.join(' · ');
}

/** @param {string} name @param {string} words */
function mark(name, words) {
	const node = icon(name);

	node.removeAttribute('aria-hidden');
	node.setAttribute('role', 'img');
	node.setAttribute('aria-label', t(words));
	return node;
}

function makeRow() {
	const face = el('span', 'face');

	face.setAttribute('aria-hidden', 'true');
	return el('li', '', face, el('span', 'who', el('span'), el('small')),
		mark('camera-off', 'people.camera'), mark('mic-off', 'people.muted'));
}

/**
 * @param {import('./state.js').Store} store
 * @param {{togglePeople(): void, copyLink(): void}} actions
 */
export function showPeople(store, actions) {
	const list = $('#roster');
	const copy = $('#panel .copy');
	/** @type {Person[]} */
	let order = [];
	let ordered_ms = 0;

	$('#panel-close').onclick = actions.togglePeople;
	copy.onclick = actions.copyLink;
	tall.addEventListener('change', () => store.set({ panel: null }));

	/** @param {State} state */
	function inCalmOrder(state) {
		const now = performance.now();
		const by = new Map(state.people.map((one) => [one.id, one]));
		const same = order.length === by.size && order.every(({ id }) => by.has(id));

		if (same && now - ordered_ms < ORDER_MS) {
			order = order.map(({ id }) => /** @type {Person} */ (by.get(id)));
		} else {
			order = inOrder(state.people, state.speaking, state.you);
			ordered_ms = now;
		}
		return order;
	}

	store.view((state) => {
		const open = state.screen === 'meeting' && panelOpen(state);

		document.body.dataset.panel = open ? 'open' : 'shut';
		setText($('span', copy), t(state.copied ? 'control.copied' : 'control.copy'));
		if (!open)
			return;
		keyed(list, inCalmOrder(state), (person) => person.id, makeRow,
			(row, person) => {
				const speaks = state.speaking.includes(person.id);
				const name = nameOf(person);

				drawFace($('.face', row), person.id, person.name);
				setColour(row, person.id);
				row.classList.toggle('speaks', speaks);
				setText($('.who > span', row), person.id === state.you ?
					t('people.you', { name }) : name);
				setText($('small', row), said(person, speaks));
				row.children[2].toggleAttribute('hidden',
					!person.sends || person.camera);
				row.children[3].toggleAttribute('hidden',
					!person.sends || person.mic);
			});
	});
}
