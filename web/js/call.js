// Ties the session, the devices and the state together: what a meeting does.
// SPDX-License-Identifier: GPL-3.0-or-later

import { nameOf } from './person.js';
import { Session } from './session.js';
import { noLine } from './state.js';
import { t } from './words.js';

/** @typedef {import('./state.js').State} State */

/* A short repair is not worth a word. */
const SLOW_MS = 3000;
const PICTURE_MS = 10_000;

/**
 * What was found wrong since the person last saw how the devices are: of both
 * the microphone, without which one can say nothing.
 * @param {State} before
 * @param {State} now
 */
function newlyMissing(before, now) {
	const both = /** @type {('mic'|'camera')[]} */ (['mic', 'camera']);

	return both.find((which) => now[which].problem && !before[which].problem) ?? '';
}

export class Call {
	#store; #devices; #stage; #announcer;
	/** @type {Session|null} */ #session = null;
	#retry = 0; #slow = 0; #picture = 0;	/* timers */
	#speaker = '';
	#asking = false;		/* for devices, on the way in */

	/**
	 * @param {import('./state.js').Store} store
	 * @param {import('./devices.js').Devices} devices
	 * @param {import('./stage.js').Stage} stage
	 * @param {import('./announce.js').Announcer} announcer
	 */
	constructor(store, devices, stage, announcer) {
		this.#store = store;
		this.#devices = devices;
		this.#stage = stage;
		this.#announcer = announcer;
		devices.onchange = (which) => this.#session?.setTrack(
			which === 'mic' ? 'audio' : 'video', devices.tracks[which]);
	}

	async join() {
		const store = this.#store, devices = this.#devices;

		if (this.#session || this.#asking)
			return;
		const before = store.state;

		this.#asking = true;
		await devices.open();
		this.#asking = false;
		store.set({
			screen: 'meeting', picture: false, silenced: false, line: noLine(),
			people: [], shown: null, speaking: [], summary: null,
			missing: newlyMissing(before, store.state),
		});

		const { mic, camera, room, name } = store.state;
		const session = this.#session = new Session({
			room, name, max: this.size,
			audio: devices.tracks.mic, video: devices.tracks.camera,
			mayAudio: !mic.problem, mayVideo: !camera.problem,
			mic: mic.on, camera: camera.on,
		});

		this.#follow(session);
		try {
			await session.join();
			this.#announcer.say(t('live.here'));
		} catch (error) {
			if (session === this.#session)
				this.#failed(error);
		}
	}

	/** @param {import('./session.js').JoinError} error */
	#failed(error) {
		const wait_s = error.retry_after_s;

		this.#session = null;
		clearTimeout(this.#picture);
		if (!wait_s)
			return;
		this.#store.set({ retry_at_ms: performance.now() + 1000 * wait_s });
		this.#retry = setInterval(() => {
			if (performance.now() >= this.#store.state.retry_at_ms)
				this.again();
			else
				this.#store.set({});	/* draw the countdown */
		}, 250);
	}

	/** The button of a card: try what did not work. */
	again() {
		clearInterval(this.#retry);
		this.#store.set({ retry_at_ms: 0 });
		if (this.#session)
			this.#session.retry();
		else
			this.join();
	}

	leave() {
		const session = this.#session;

		clearInterval(this.#retry);
		this.#store.set({ retry_at_ms: 0 });
		if (session)
			session.leave();
		else if (this.#store.state.screen === 'meeting')
			this.#store.set({ screen: 'prejoin', phase: 'new' });
	}

	/** The largest picture that this window and this line can use. */
	get size() {
		const height = this.#stage.height || innerHeight * devicePixelRatio;

		if (/** @type {any} */ (navigator).connection?.saveData)
			return '360p';
		return height <= 200 ? '180p' : height <= 400 ? '360p' : '720p';
	}

	resized() {
		if (this.#store.state.phase === 'here')
			this.#session?.setMax(this.size);
	}

	/** @param {boolean} [on] */
	async switchMic(on = !this.#isOn('mic')) {
		await this.#switch('mic', on);
	}

	async switchCamera() {
		await this.#switch('camera', !this.#isOn('camera'));
	}

	/** @param {'mic'|'camera'} which */
	#isOn(which) {
		return this.#store.state[which].on && !this.#store.state[which].problem;
	}

	/** @param {'mic'|'camera'} which @param {boolean} on */
	async #switch(which, on) {
		const session = this.#session;

		this.#store.setDevice(which, { problem: '' });
		if (!on && which === 'camera')
			await session?.setCamera(false);
		await this.#devices.switch(which, on);

		const live = this.#store.state[which].live;

		if (which === 'mic')
			session?.setMicrophone(on && live);
		else if (on)
			await session?.setCamera(live);
		this.#store.set({ missing: on && !live ? which : '' });
		this.#announcer.say(t(`live.${which}.${on && live ? 'on' : 'off'}`), which);
	}

	/** @param {string} name */
	setName(name) {
		this.#store.set({ name });
		this.#session?.setName(name);
	}

	/** @param {Session} session */
	#follow(session) {
		session.addEventListener('phase', (/** @type {any} */ { detail }) =>
			this.#onPhase(session, detail));
		session.addEventListener('room', (/** @type {any} */ { detail }) =>
			this.#onRoom(session, detail));
		session.addEventListener('quality', (/** @type {any} */ { detail }) => {
			const { reason } = detail;

			if (reason !== 'fine' && this.#store.state.line.reason === 'fine')
				this.#announcer.say(t(`line.mark.${
					reason === 'server-busy' ? 'busy' : 'weak'}`), 'line');
			this.#store.set({ line: detail });
		});
		session.addEventListener('stream', () => {
			this.#stage.play(session.stream);
			this.#stage.offerMap(session.model.tilemap);
		});
	}

	/**
	 * @param {Session} session
	 * @param {{phase: import('./session.js').Phase, reason: string}} to
	 */
	#onPhase(session, { phase, reason }) {
		if (session !== this.#session)
			return;
		clearTimeout(this.#slow);
		if (phase === 'left' || phase === 'ended') {
			this.#over(session, reason);
			return;
		}
		/* A restart of the room is told only if it takes long; a dead line at once. */
		const slow = phase !== 'reconnecting' || reason === 'line';

		this.#store.set({ phase, reason, slow });
		if (phase === 'reconnecting')
			this.#store.set({ speaking: [] });
		if (!slow)
			this.#slow = setTimeout(() => this.#store.set({ slow: true }), SLOW_MS);
		if (phase === 'here' && !this.#store.state.picture)
			this.#picture = setTimeout(() => {
				if (!this.#store.state.picture)
					this.#store.set({ picture: true });
			}, PICTURE_MS);
	}

	/** @param {Session} session @param {string} reason */
	#over(session, reason) {
		const summary = session.summary;

		this.#session = null;
		clearTimeout(this.#picture);
		this.#stage.play(null);
		if (!summary.seconds) {		/* never was inside */
			this.#store.set({ screen: 'prejoin', phase: 'new' });
			return;
		}
		this.#devices.close();
		this.#store.set({ screen: 'left', phase: 'left', reason, summary, line: noLine() });
		if (document.fullscreenElement)
			document.exitFullscreen();
	}

	/** @param {Session} session @param {import('./events.js').Change} change */
	#onRoom({ model }, change) {
		const person = change.person;

		this.#store.set({
			people: [...model.people.values()], you: model.you,
			speaking: model.speaking,
		});
		if (change.kind === 'snapshot' || change.kind === 'tilemap')
			this.#stage.offerMap(model.tilemap);
		if (person && person.id !== model.you &&
		    (change.kind === 'joined' || change.kind === 'left'))
			this.#announcer.say(t(`live.${change.kind}`, { name: nameOf(person) }),
				`came ${person.id}`);
		if (change.kind === 'speaking')
			this.#saySpeaker(model);
	}

	/** @param {import('./events.js').RoomModel} model */
	#saySpeaker({ speaking, people, you }) {
		const loudest = speaking[0] ?? '';
		const person = people.get(loudest);

		/* Who goes on after a pause is not news. */
		if (!person || loudest === this.#speaker || loudest === you)
			return;
		this.#speaker = loudest;
		this.#announcer.say(t('live.speaks', { name: nameOf(person) }), 'speaks');
	}
}
