// The page's one state object, and who draws from it.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @typedef {import('./events.js').Person} Person
 * @typedef {'none'|'busy'|'refused'|'insecure'|''} Problem
 *
 * @typedef {object} Device
 * @property {boolean} on               as the person switched it
 * @property {boolean} live             a track is open
 * @property {Problem} problem          why there is none
 * @property {string} id                of the device in use
 * @property {{id: string, label: string}[]} list
 *
 * @typedef {object} State
 * @property {'landing'|'prejoin'|'meeting'|'left'} screen
 * @property {string} room
 * @property {string} name
 * @property {number|null} inside       people in the room, before one is in it
 * @property {'unknown'|'asking'|'asked'} asked   whether devices were asked for
 * @property {Device} mic
 * @property {Device} camera
 * @property {import('./session.js').Phase} phase
 * @property {string} reason            of the phase: a code, see words
 * @property {number} retry_at_ms       when a full server is asked again; 0: not
 * @property {boolean} slow             the present phase lasts long enough to be told
 * @property {Person[]} people
 * @property {string} you
 * @property {import('./events.js').TileMap|null} shown   the map of the frame on screen
 * @property {string[]} speaking
 * @property {boolean} picture          a frame has been shown
 * @property {boolean} silenced         the browser plays no sound without a click
 * @property {import('./quality.js').Line} line   one's own
 * @property {'mic'|'camera'|''} missing  could not be turned on, and this is being said
 * @property {boolean|null} panel       people: open, shut, null: as the window suggests
 * @property {boolean} copied           the link, just now
 * @property {{seconds: number, received_bps: number, interruptions: number}|null} summary
 */

/** @returns {Device} */
const device = () => ({ on: true, live: false, problem: '', id: '', list: [] });

/** @returns {import('./quality.js').Line} */
export const noLine = () => ({ reason: 'fine', line_bps: 0, picture: 'smaller', samples: [] });

/** @returns {State} */
export function initialState() {
	return {
		screen: 'landing', room: '', name: '', inside: null,
		asked: 'unknown', mic: device(), camera: device(),
		phase: 'new', reason: '', retry_at_ms: 0, slow: false,
		people: [], you: '', shown: null, speaking: [],
		picture: false, silenced: false, line: noLine(), missing: '',
		panel: null, copied: false, summary: null,
	};
}

/** Holds the state; tells its views once a frame at most. */
export class Store {
	/** @type {((state: State, before: State) => void)[]} */
	#views = [];
	#drawn; #due = false;

	/** @param {State} state */
	constructor(state) {
		this.state = state;
		this.#drawn = state;
	}

	/** @param {Partial<State>} patch */
	set(patch) {
		this.state = { ...this.state, ...patch };
		if (this.#due)
			return;
		this.#due = true;
		queueMicrotask(() => this.#draw());
	}

	/** @param {'mic'|'camera'} kind @param {Partial<Device>} patch */
	setDevice(kind, patch) {
		this.set({ [kind]: { ...this.state[kind], ...patch } });
	}

	/** @param {(state: State, before: State) => void} view */
	view(view) {
		this.#views.push(view);
		view(this.state, this.state);
	}

	#draw() {
		const before = this.#drawn;

		this.#due = false;
		this.#drawn = this.state;
		for (const view of this.#views)
			view(this.state, before);
	}
}
