// The screen before a meeting: see oneself, choose, join.
// SPDX-License-Identifier: GPL-3.0-or-later

import { drawSwitch } from './controls.js';
import { $, el, setText } from './dom.js';
import { problemWords } from './problems.js';
import { presence } from './session.js';
import { drawFace } from './stage.js';
import { t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./devices.js').Which} Which
 */

const PRESENCE_MS = 5000;
const BOTH = /** @type {Which[]} */ (['mic', 'camera']);

/** @param {number|null} n */
function insideWords(n) {
	if (n === null)
		return '\u00a0';	/* not known: the line keeps its height */
	return n ? t('prejoin.inside', { n }) : t('prejoin.first');
}

/** @param {State} state */
function joinWords(state) {
	const without = BOTH.filter((which) => !state[which].on || state[which].problem);

	if (without.length === 2)
		return t('prejoin.join.without.both');
	return t(without.length ? `prejoin.join.without.${without[0]}` : 'prejoin.join');
}

/** @param {HTMLSelectElement} select @param {import('./state.js').Device} device */
function drawChoice(select, device) {
	const list = device.list.length ? device.list :
		[{ id: '', label: t('prejoin.default') }];
	const key = list.map((one) => `${one.id} ${one.label}`).join('\n');

	if (select.dataset.list !== key) {
		select.dataset.list = key;
		select.replaceChildren(...list.map(({ id, label }) => {
			const option = el('option', '', label);

			option.value = id;
			return option;
		}));
	}
	select.disabled = !device.list.length;
	select.value = list.some((one) => one.id === device.id) ? device.id : list[0].id;
}

/**
 * @param {import('./state.js').Store} store
 * @param {import('./devices.js').Devices} devices
 * @param {import('./meter.js').Meter} meter
 * @param {{join(): void, setName(name: string): void, switchMic(): void,
 *          switchCamera(): void}} actions
 */
export function showPrejoin(store, devices, meter, actions) {
	const name = $('#name'), empty = $('#preview-empty'), face = $('#preview-face');
	const level = $('#level'), able = 'RTCPeerConnection' in globalThis;

	$('#preview').srcObject = devices.preview;
	name.value = store.state.name;
	name.oninput = () => actions.setName(name.value);
	$('#join-form').onsubmit = (/** @type {Event} */ event) => {
		event.preventDefault();
		actions.join();
	};
	$('#ask').onclick = () => devices.open();
	$('#pre-mic').onclick = () => actions.switchMic();
	$('#pre-camera').onclick = () => actions.switchCamera();
	for (const which of BOTH)
		$(`#${which}`).onchange = (/** @type {any} */ event) =>
			devices.choose(which, event.target.value);
	meter.onlevel = (loud) => {
		level.style.transform = `scaleX(${loud.toFixed(3)})`;
	};
	watchPresence(store);

	store.view((state) => {
		if (state.screen !== 'prejoin')
			return;

		const camera = state.camera.live && state.camera.on;
		const ask = state.asked === 'unknown' && state.camera.on;

		setText($('#pre-room'), state.room);
		setText($('#inside'), insideWords(state.inside));
		empty.hidden = camera;
		drawFace(face, '', state.name);
		setText($('#preview-words'), previewWords(state));
		$('#ask').hidden = !ask;
		for (const which of BOTH) {
			drawSwitch($(`#pre-${which}`), which, state[which]);
			drawChoice($(`#${which}`), state[which]);
			setText($(`#${which}-problem`), state[which].on ?
				problemWords(which, state[which].problem) : '');
		}
		setText($('#join-problem'), able ? '' : t('phase.no-webrtc'));
		$('#join').hidden = !able;
		setText($('#join'), joinWords(state));
	});
}

/** @param {State} state */
function previewWords(state) {
	if (state.asked === 'asking')
		return t('prejoin.asking');
	if (!state.camera.on)
		return t('prejoin.camera.off');
	return state.camera.problem ? t('prejoin.camera.none') : '';
}

/** The one live fact: who is inside already. @param {import('./state.js').Store} store */
function watchPresence(store) {
	const look = async () => {
		const { screen, room } = store.state;

		if (screen !== 'prejoin' || document.hidden)
			return;
		try {
			store.set({ inside: await presence(room) });
		} catch {
			store.set({ inside: null });
		}
	};
	let screen = '';

	setInterval(look, PRESENCE_MS);
	document.addEventListener('visibilitychange', look);
	store.view((state) => {
		if (state.screen !== screen) {
			screen = state.screen;
			look();
		}
	});
}
