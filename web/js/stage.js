// The mosaic: one picture, the names and rings over it, and the own tile.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, icon, keyed, setAttr, setIcon, setStream, setText } from './dom.js';
import { initials, nameOf, setColour } from './person.js';
import { MapClock } from './tilemap.js';
import { t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./events.js').Tile} Tile
 */

const percent = (/** @type {number} */ x) => `${100 * x}%`;

/** @param {HTMLElement} node @param {Tile} tile */
function place(node, tile) {
	node.style.left = percent(tile.x);
	node.style.top = percent(tile.y);
	node.style.width = percent(tile.w);
	node.style.height = percent(tile.h);
}

function makeTile() {
	const node = el('div', 'tile', el('span', 'name', el('b'), icon('mic-off')));

	node.setAttribute('role', 'listitem');
	return node;
}

export class Stage {
	#store;
	#mosaic = $('#mosaic');
	#video = /** @type {HTMLVideoElement} */ ($('#picture'));
	#still = /** @type {HTMLCanvasElement} */ ($('#still'));
	#tiles = $('#tiles');
	#own = $('#own-view');
	#ownVideo = $('#own-video');
	#ownFace = $('#own-face');
	#skeleton = $('#skeleton');
	#clock;
	#shown_ms = 0;			/* when the newest frame came, 0: not known */

	/**
	 * @param {import('./state.js').Store} store
	 * @param {MediaStream} preview own camera
	 */
	constructor(store, preview) {
		this.#store = store;
		this.#clock = new MapClock((shown) => store.set({ shown }));
		this.#ownVideo.srcObject = preview;
		for (const type of ['loadeddata', 'playing', 'resize'])
			this.#video.addEventListener(type, () => this.#arrived());
		store.view((state, before) => this.#draw(state, before));
	}

	/** @param {MediaStream|null} stream what the server sends */
	play(stream) {
		this.#clock.reset();
		if (stream)
			this.#keepStill();
		setStream(this.#video, stream);
		if (!stream) {
			this.#still.hidden = true;
			return;
		}
		this.#video.muted = false;
		this.#video.play().catch((error) => {
			if (error.name !== 'NotAllowedError')
				return;
			/* Pictures may go on; sound needs a click. */
			this.#video.muted = true;
			this.#video.play().catch(() => {});
			this.#store.set({ silenced: true });
		});
		this.#follow();
	}

	/** After a click. */
	unsilence() {
		this.#video.muted = false;
		this.#video.play().catch(() => {});
		this.#store.set({ silenced: false });
	}

	/** @param {import('./events.js').TileMap|null} map */
	offerMap(map) {
		if (map?.tiles && map.canvas)
			this.#clock.offer(map);
	}

	/** Height in device pixels that a picture could use. */
	get height() {
		return this.#mosaic.clientHeight * devicePixelRatio;
	}

	/** How long the picture has not changed; 0 where the browser does not tell. */
	get age_ms() {
		return this.#shown_ms && performance.now() - this.#shown_ms;
	}

	#follow() {
		if (!this.#video.requestVideoFrameCallback)
			return;

		const stream = this.#video.srcObject;
		const next = (/** @type {number} */ _, /** @type {any} */ frame) => {
			if (this.#video.srcObject !== stream)
				return;
			this.#shown_ms = performance.now();
			this.#clock.frame(frame.rtpTimestamp);
			this.#video.requestVideoFrameCallback(next);
		};

		this.#video.requestVideoFrameCallback(next);
	}

	/* The last picture stays until a new line has brought another. */
	#keepStill() {
		const { videoWidth: w, videoHeight: h } = this.#video;

		if (!this.#video.srcObject || !w || this.#video.readyState < 2)
			return;
		this.#still.width = w;
		this.#still.height = h;
		this.#still.getContext('2d')?.drawImage(this.#video, 0, 0);
		this.#still.hidden = false;
	}

	#arrived() {
		const { videoWidth: w, videoHeight: h } = this.#video;

		if (!w || !h || this.#video.readyState < 2)
			return;
		this.#still.hidden = true;
		this.#mosaic.style.setProperty('--aspect', String(w / h));
		this.#store.set({ picture: true });
	}

	/** @param {State} state @param {State} before */
	#draw(state, before) {
		if (state.screen !== 'meeting')
			return;
		this.#skeleton.hidden = state.picture;
		if (!state.picture)
			this.#drawSkeleton(Math.max(1, state.people.length ||
				(state.inside ?? 0) + 1));

		/* Over the last picture stand its names, whoever comes and goes meanwhile. */
		if (state.picture && ['reconnecting', 'lost'].includes(state.phase))
			return;

		const tiles = state.picture ? state.shown?.tiles ?? [] : [];

		if (state.shown && state.shown !== before.shown)
			this.#mosaic.style.setProperty('--aspect',
				String(state.shown.canvas[0] / state.shown.canvas[1]));
		this.#drawTiles(tiles, state);
		this.#drawOwn(tiles.find((tile) => tile.id === state.you), state);
	}

	/** @param {number} people */
	#drawSkeleton(people) {
		const n = Math.min(people, 16);
		const across = Math.ceil(Math.sqrt(n));

		if (this.#skeleton.childElementCount === n)
			return;
		this.#skeleton.style.gridTemplateColumns = `repeat(${across}, 1fr)`;
		this.#skeleton.style.gridTemplateRows = `repeat(${Math.ceil(n / across)}, 1fr)`;
		this.#skeleton.replaceChildren(...Array.from({ length: n }, () => el('i')));
	}

	/** @param {Tile[]} tiles @param {State} state */
	#drawTiles(tiles, state) {
		const people = new Map(state.people.map((one) => [one.id, one]));

		keyed(this.#tiles, tiles.filter((tile) => people.has(tile.id)),
			(tile) => tile.id, makeTile, (node, tile) => {
				const person = /** @type {import('./events.js').Person} */ (
					people.get(tile.id));
				const speaks = state.speaking.includes(tile.id);
				const quiet = person.sends && !person.mic;
				const name = tile.id === state.you ? t('you') : nameOf(person);
				const mark = $('.icon', node);

				place(node, tile);
				setColour(node, tile.id);
				setText($('b', node), name);
				node.classList.toggle('speaks', speaks);
				mark.toggleAttribute('hidden', !quiet && person.state !== 'weak');
				setIcon(mark, person.state === 'weak' ? 'weak' : 'mic-off');
				setAttr(node, 'aria-label', t(speaks ? 'tile.speaking' :
					person.state === 'weak' ? 'tile.weak' :
					quiet ? 'tile.muted' : 'tile', { name }));
			});
	}

	/** @param {Tile|undefined} tile @param {State} state */
	#drawOwn(tile, state) {
		this.#own.hidden = !tile;
		if (!tile)
			return;

		const camera = state.camera.live && state.camera.on;

		place(this.#own, tile);
		setColour(this.#own, tile.id);
		this.#ownVideo.hidden = !camera;
		this.#ownFace.hidden = camera;
		this.#own.classList.toggle('faced', !camera);
		if (!camera)
			drawFace(this.#ownFace, tile.id, state.name);
	}
}

/**
 * Initials on the person's colour; a figure where the name gives none.
 * @param {HTMLElement} node
 * @param {string} id
 * @param {string} name
 */
export function drawFace(node, id, name) {
	const letters = initials(name);

	setColour(node, id);
	if (letters)
		setText(node, letters);
	else if (!node.querySelector('use'))
		node.replaceChildren(icon('person'));
}
