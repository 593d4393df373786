// Camera and microphone of this machine: asking, choosing, switching, and what went wrong.
// SPDX-License-Identifier: GPL-3.0-or-later

import { recall, remember } from './memory.js';

/**
 * @typedef {'mic'|'camera'} Which
 * @typedef {import('./state.js').Problem} Problem
 */

const MEDIA = /** @type {const} */ ({ mic: 'audio', camera: 'video' });
const INPUT = { mic: 'audioinput', camera: 'videoinput' };
const BOTH = /** @type {Which[]} */ (['mic', 'camera']);

/** @param {any} error @returns {Problem} */
function problemOf(error) {
	switch (error?.name) {
	case 'NotAllowedError':
	case 'SecurityError':
		return 'refused';
	case 'NotReadableError':
	case 'AbortError':
		return 'busy';
	default:
		return 'none';
	}
}

/** @param {Which} which @returns {Promise<string>} '' when the browser does not tell */
async function permission(which) {
	const name = which === 'mic' ? 'microphone' : 'camera';

	try {
		return (await navigator.permissions.query(
			/** @type {any} */ ({ name }))).state;
	} catch {
		return '';
	}
}

export class Devices {
	#store; #raw;

	/** @type {Record<Which, MediaStreamTrack|null>} */
	tracks = { mic: null, camera: null };
	/** The camera as oneself sees it. */
	preview = new MediaStream();
	/** @type {(which: Which) => void} a track came, went or was exchanged */
	onchange = () => {};

	/**
	 * @param {import('./state.js').Store} store
	 * @param {boolean} raw leave sound as it comes: music, measurements
	 */
	constructor(store, raw) {
		this.#store = store;
		this.#raw = raw;
		for (const which of BOTH)
			store.setDevice(which, {
				on: recall(`${which}.off`) !== '1',
				id: recall(`${which}.id`),
			});
		navigator.mediaDevices?.addEventListener('devicechange', () => this.#list());
	}

	/** Opens what may be opened without a question. */
	async prepare() {
		if (!navigator.mediaDevices) {
			for (const which of BOTH)
				this.#store.setDevice(which, { problem: 'insecure' });
			this.#store.set({ asked: 'asked' });
			return;
		}

		const may = /** @type {Which[]} */ ([]);

		for (const which of BOTH)
			if (await permission(which) === 'granted')
				may.push(which);
		if (may.length)
			await this.open(may);
	}

	/**
	 * Asks for devices that are switched on and not open yet.
	 * @param {Which[]} [wanted]
	 */
	async open(wanted = BOTH) {
		if (!navigator.mediaDevices)
			return;

		const need = wanted.filter((which) =>
			this.#store.state[which].on && !this.tracks[which]);

		if (need.length) {
			this.#store.set({ asked: 'asking' });
			await this.#get(need);
		}
		this.#store.set({ asked: 'asked' });
		await this.#list();
	}

	/** Both by one question where possible. @param {Which[]} need */
	async #get(need) {
		try {
			/* What is blocked would take the other one with it. */
			const blocked = need.length > 1 && (await Promise.all(
				need.map(permission))).includes('denied');

			if (!blocked) {
				this.#take(need, await this.#ask(need));
				return;
			}
			for (const which of need)
				await this.#get([which]);
		} catch (error) {
			if (need.length === 1) {
				this.#fail(need[0], problemOf(error));
				return;
			}
			/* One of two failed. A refusal is not asked about again. */
			for (const which of need) {
				if (problemOf(error) === 'refused' &&
				    await permission(which) !== 'granted')
					this.#fail(which, 'refused');
				else
					await this.#get([which]);
			}
		}
	}

	/** @param {Which[]} need */
	async #ask(need) {
		/** @type {MediaStreamConstraints} */
		const wish = {};

		for (const which of need)
			wish[MEDIA[which]] = this.#wish(which);
		return await navigator.mediaDevices.getUserMedia(wish);
	}

	/** @param {Which} which @returns {MediaTrackConstraints} */
	#wish(which) {
		const id = this.#store.state[which].id;
		const device = id ? { deviceId: { ideal: id } } : {};

		if (which === 'camera')
			return { ...device, width: { ideal: 1280 }, height: { ideal: 720 },
				frameRate: { ideal: 30 } };
		return { ...device, echoCancellation: !this.#raw,
			noiseSuppression: !this.#raw, autoGainControl: !this.#raw };
	}

	/** @param {Which[]} need @param {MediaStream} stream */
	#take(need, stream) {
		for (const which of need) {
			const track = stream.getTracks().find(
				(one) => one.kind === MEDIA[which]) ?? null;

			this.#put(which, track);
			if (!track)
				continue;
			track.enabled = which === 'camera' || this.#store.state.mic.on;
			track.onended = () => {
				if (this.tracks[which] === track) {
					this.#put(which, null);
					this.#fail(which, 'none');
				}
			};
			this.#store.setDevice(which, {
				live: true, problem: '', id: track.getSettings().deviceId ?? '',
			});
		}
	}

	/** @param {Which} which @param {MediaStreamTrack|null} track */
	#put(which, track) {
		const old = this.tracks[which];

		if (old) {
			old.onended = null;
			old.stop();
			this.preview.removeTrack(old);
		}
		this.tracks[which] = track;
		if (which === 'camera' && track)
			this.preview.addTrack(track);
		this.#store.setDevice(which, { live: !!track });
		this.onchange(which);
	}

	/** @param {Which} which @param {Problem} problem */
	#fail(which, problem) {
		this.#store.setDevice(which, { live: false, problem });
	}

	/**
	 * A microphone that is off stays open and silent, to be back at once; a
	 * camera that is off is closed, so that its light goes out.
	 * @param {Which} which
	 * @param {boolean} on
	 */
	async switch(which, on) {
		this.#store.setDevice(which, { on });
		remember(`${which}.off`, on ? '' : '1');
		if (which === 'mic' && this.tracks.mic)
			this.tracks.mic.enabled = on;
		else if (on)
			await this.open([which]);
		else if (which === 'camera')
			this.#put(which, null);
	}

	/** @param {Which} which @param {string} id */
	async choose(which, id) {
		remember(`${which}.id`, id);
		this.#put(which, null);
		this.#store.setDevice(which, { id, on: true });
		remember(`${which}.off`, '');
		await this.open([which]);
	}

	async #list() {
		const all = await navigator.mediaDevices.enumerateDevices();

		for (const which of BOTH)
			this.#store.setDevice(which, {
				list: all.filter((one) => one.kind === INPUT[which] && one.label)
					.map(({ deviceId, label }) => ({ id: deviceId, label })),
			});
	}

	/** Lets go of both. */
	close() {
		for (const which of BOTH)
			if (this.tracks[which])
				this.#put(which, null);
	}
}
