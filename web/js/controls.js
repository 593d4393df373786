// The row of buttons in a meeting, and the keys that do the same.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, icon, setAttr, setIcon, setText } from './dom.js';
import { panelOpen } from './people.js';
import { t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {object} Actions
 * @property {(on?: boolean) => void} switchMic
 * @property {() => void} switchCamera
 * @property {() => void} togglePeople
 * @property {() => void} toggleFull
 * @property {() => void} copyLink
 * @property {() => void} help
 * @property {() => void} leave
 */

const CALM_MS = 3000;

/**
 * @param {string} iconName
 * @param {string} key
 * @param {() => void} action
 */
function button(iconName, key, action) {
	const tip = el('span', 'tip', el('span'));
	const node = el('button', 'round', icon(iconName), tip);

	if (key)
		tip.append(el('kbd', '', key));
	tip.setAttribute('aria-hidden', 'true');
	node.type = 'button';
	node.onclick = (/** @type {MouseEvent} */ event) => {
		action();
		/* After a click the space bar is for speaking, not for this button. */
		if (event.detail)
			node.blur();
	};
	return node;
}

/** @param {HTMLElement} node @param {string} words */
export function label(node, words) {
	setAttr(node, 'aria-label', words);
	setText($('.tip span', node), words);
}

/**
 * A microphone or camera button, here and before joining.
 * @param {HTMLElement} node
 * @param {'mic'|'camera'} which
 * @param {import('./state.js').Device} device
 */
export function drawSwitch(node, which, device) {
	const on = device.on && !device.problem;

	setIcon(node, on ? which : `${which}-off`);
	node.classList.toggle('off', !on);
	node.classList.toggle('missing', !!device.problem);
	label(node, t(`${which}.${on ? 'off' : 'on'}`));
}

/**
 * @param {import('./state.js').Store} store
 * @param {Actions} actions
 */
export function showControls(store, actions) {
	const mic = button('mic', 'M', () => actions.switchMic());
	const camera = button('camera', 'V', actions.switchCamera);
	const full = button('full', 'F', actions.toggleFull);
	const people = button('people', 'P', actions.togglePeople);
	const help = button('help', '?', actions.help);
	const leave = button('leave', '', actions.leave);

	leave.classList.add('stop');
	help.classList.add('keyboard-only');
	mic.id = 'mic-switch';
	camera.id = 'camera-switch';
	full.id = 'full';
	people.id = 'people';
	help.id = 'help-open';
	leave.id = 'leave';
	full.hidden = !document.fullscreenEnabled;
	$('#controls').append(mic, camera, people, full, help, leave);
	document.addEventListener('fullscreenchange', () => store.set({}));

	store.view((state) => {
		const inFull = !!document.fullscreenElement;
		const open = panelOpen(state);

		drawSwitch(mic, 'mic', state.mic);
		drawSwitch(camera, 'camera', state.camera);
		label(people, t(open ? 'control.people.hide' : 'control.people'));
		setAttr(people, 'aria-expanded', String(open));
		people.classList.toggle('open', open);
		label(full, t(inFull ? 'control.full.exit' : 'control.full'));
		setIcon(full, inFull ? 'full-exit' : 'full');
		label(help, t('control.help'));
		label(leave, t('control.leave'));
	});
	stepBack();
}

/** Bars fade when a mouse lies still; never for keyboard or touch. */
function stepBack() {
	const mouse = matchMedia('(hover: hover) and (pointer: fine)');
	let timer = 0;

	const wake = () => {
		clearTimeout(timer);
		document.body.dataset.calm = 'no';
		if (mouse.matches)
			timer = setTimeout(() => {
				document.body.dataset.calm = 'yes';
			}, CALM_MS);
	};

	for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin'])
		addEventListener(type, wake, { passive: true });
	wake();
}

/** @param {EventTarget|null} target */
function isTyping(target) {
	return target instanceof HTMLElement &&
		!!target.closest('input:not([type="range"]), textarea, select, [contenteditable]');
}

/**
 * One key each; the space bar speaks while it is held.
 * @param {import('./state.js').Store} store
 * @param {Actions} actions
 */
export function listenToKeys(store, actions) {
	let held = false;

	const release = () => {
		if (held)
			actions.switchMic(false);
		held = false;
	};
	/** @type {Record<string, () => void>} */
	const anywhere = {
		m: () => actions.switchMic(), v: actions.switchCamera, '?': actions.help,
	};
	/** @type {Record<string, () => void>} */
	const meeting = {
		f: actions.toggleFull, p: actions.togglePeople, c: actions.copyLink,
	};

	addEventListener('keydown', (event) => {
		const { screen, mic } = store.state;

		if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) ||
		    document.querySelector('dialog[open]') ||
		    (screen !== 'meeting' && screen !== 'prejoin'))
			return;
		if (event.key === ' ' && screen === 'meeting') {
			if (event.target instanceof HTMLElement &&
			    event.target.closest('button, a'))
				return;
			event.preventDefault();
			if (!event.repeat && !mic.on) {
				held = true;
				actions.switchMic(true);
			}
			return;
		}

		const key = event.key.toLowerCase();
		const action = anywhere[key] ?? (screen === 'meeting' ? meeting[key] : undefined);

		if (action && !event.repeat) {
			event.preventDefault();
			action();
		}
	});
	addEventListener('keyup', (event) => {
		if (event.key === ' ')
			release();
	});
	addEventListener('blur', release);
}
