// Starts the page: makes the parts, gives them to each other, shows the first screen.
// SPDX-License-Identifier: GPL-3.0-or-later

import { Announcer } from './announce.js';
import { stayAwake } from './awake.js';
import { Call } from './call.js';
import { copyText } from './clipboard.js';
import { listenToKeys, showControls } from './controls.js';
import { Devices } from './devices.js';
import { $, el, setText } from './dom.js';
import { nameProblem, showLanding } from './landing.js';
import { showLeft } from './left.js';
import { showLine } from './line.js';
import { recall, remember } from './memory.js';
import { Meter } from './meter.js';
import { showNotice } from './notice.js';
import { panelOpen, showPeople } from './people.js';
import { showPictureNote } from './picture_note.js';
import { showPrejoin } from './prejoin.js';
import { Stage } from './stage.js';
import { initialState, Store } from './state.js';
import { fillWords, loadWords, t } from './words.js';

const COPIED_MS = 2000;

/** @typedef {import('./state.js').State} State */

/** What stands where the name of a room does, good or not. */
function roomOfAddress() {
	const path = location.pathname.slice(1);

	try {
		return decodeURIComponent(path);
	} catch {
		return path;		/* no text at all */
	}
}

/** @param {Store} store */
function showFrame(store) {
	let screen = '';

	store.view((state) => {
		const { body } = document;
		const n = state.people.length;

		body.dataset.screen = state.screen;
		body.dataset.phase = state.phase;
		document.title = state.screen === 'landing' ? t('title.landing') :
			state.screen === 'meeting' && n ?
				t('title.meeting', { room: state.room, n }) :
				t('title.room', { room: state.room });
		setText($('#meeting-room'), state.room);
		/* While we are away the server does not count us. */
		if (state.phase !== 'reconnecting')
			setText($('#count'), n ? t('count', { n }) : '');
		if (screen && screen !== state.screen)
			$(`#${state.screen}`).focus({ preventScroll: true });
		screen = state.screen;
	});
}

function showDialogs() {
	const keys = [['M', 'm'], ['V', 'v'], [t('key.space'), 'space'], ['F', 'f'],
		['P', 'p'], ['C', 'c'], ['?', 'help']];

	$('#keys').replaceChildren(...keys.flatMap(([key, words]) =>
		[el('dt', '', el('kbd', '', key)), el('dd', '', t(`help.${words}`))]));
	for (const button of document.querySelectorAll('.what'))
		/** @type {HTMLElement} */ (button).onclick = () => $('#about').showModal();
	for (const dialog of document.querySelectorAll('dialog'))
		dialog.onclick = (event) => {
			if (event.target === dialog)	/* its backdrop */
				dialog.close();
		};
}

/**
 * @param {Store} store
 * @param {Call} call
 * @param {Announcer} announcer
 */
function actionsOf(store, call, announcer) {
	let copied = 0;

	return {
		join: () => call.join(),
		leave: () => call.leave(),
		/** @param {boolean} [on] */
		switchMic: (on) => call.switchMic(on),
		switchCamera: () => call.switchCamera(),
		togglePeople: () => store.set({ panel: !panelOpen(store.state) }),
		help: () => $('#help').showModal(),
		/** @param {string} name */
		setName: (name) => {
			remember('name', name);
			call.setName(name);
		},
		toggleFull: () => {
			if (document.fullscreenElement)
				document.exitFullscreen();
			else if (document.fullscreenEnabled)
				document.documentElement.requestFullscreen().catch(() => {});
		},
		copyLink: async () => {
			if (!await copyText(location.origin + location.pathname))
				return;		/* the address bar has it as well */
			clearTimeout(copied);
			store.set({ copied: true });
			announcer.say(t('live.copied'));
			copied = setTimeout(() => store.set({ copied: false }), COPIED_MS);
		},
	};
}

async function start() {
	const store = new Store(initialState());
	const raw = new URLSearchParams(location.search).get('audio') === 'raw';
	const room = roomOfAddress();

	await loadWords();
	fillWords(document);

	const devices = new Devices(store, raw);
	const meter = new Meter();
	const announcer = new Announcer();
	const stage = new Stage(store, devices.preview);
	const call = new Call(store, devices, stage, announcer);
	const actions = actionsOf(store, call, announcer);

	store.set({
		room, name: recall('name'),
		screen: nameProblem(room) ? 'landing' : 'prejoin',
	});
	showFrame(store);
	showDialogs();
	showPrejoin(store, devices, meter, actions);
	showControls(store, actions);
	showPeople(store, actions);
	showLine(store);
	showPictureNote(store, stage, announcer);
	showNotice(store, {
		again: () => call.again(), back: actions.leave,
		copy: actions.copyLink, sound: () => stage.unsilence(),
		close: () => store.set({ missing: '' }),
	});
	showLeft(store, async () => {
		store.set({ phase: 'new', reason: '' });
		await devices.prepare();
		call.join();
	});
	listenToKeys(store, actions);
	stayAwake(store);

	/* The meter belongs to the screen before the meeting. */
	let heard = /** @type {MediaStreamTrack|null} */ (null);

	store.view((state) => {
		const track = state.screen === 'prejoin' && state.mic.live ?
			devices.tracks.mic : null;

		if (track !== heard)
			meter.listen(heard = track);
	});

	addEventListener('resize', () => call.resized());
	addEventListener('pagehide', () => call.leave());

	if (store.state.screen === 'landing')
		showLanding(room, (name) => location.assign(`/${name}`));
	else
		devices.prepare();
}

/* What stands on the page meanwhile says what to do. */
start().catch((error) => {
	document.body.dataset.screen = 'loading';
	console.error(error);
});
