// What the server tells about the room, kept as one model. Pure: no network, no page.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {boolean} mic
 * @property {boolean} camera
 * @property {'joining'|'here'|'weak'} state
 * @property {boolean} sends
 *
 * @typedef {{id: string, x: number, y: number, w: number, h: number}} Tile  fractions of the canvas
 * @typedef {{version: number, rtp: number, canvas: [number, number], tiles: Tile[]}} TileMap
 *
 * @typedef {object} Change            what one event did
 * @property {'snapshot'|'joined'|'changed'|'left'|'tilemap'|'speaking'} kind
 * @property {Person} [person]
 */

/**
 * The events of a session's stream, besides `ended`. `quality` is of one's own
 * line and nothing of the room: the model does not take it.
 */
export const EVENT_TYPES = ['snapshot', 'roster', 'tilemap', 'speaking', 'quality'];

export class RoomModel {
	/** @type {Map<string, Person>} in the order in which they came */
	people = new Map();
	/** own participant id */
	you = '';
	/** @type {TileMap|null} */
	tilemap = null;
	/** @type {string[]} loudest first */
	speaking = [];

	/**
	 * @param {string} type one of EVENT_TYPES
	 * @param {any} data the parsed body of the event
	 * @returns {Change|null} null when it means nothing to us
	 */
	apply(type, data) {
		switch (type) {
		case 'snapshot':
			this.people = new Map((data.people ?? []).map(
				(/** @type {Person} */ p) => [p.id, p]));
			this.you = data.you ?? this.you;
			this.tilemap = data.tilemap ?? null;
			this.speaking = data.speaking ?? [];
			return { kind: 'snapshot' };
		case 'roster':
			return this.#roster(data);
		case 'tilemap':
			this.tilemap = data;
			return { kind: 'tilemap' };
		case 'speaking':
			this.speaking = data.ids ?? [];
			return { kind: 'speaking' };
		}
		return null;
	}

	/** @param {{op: string, person: Person}} data */
	#roster({ op, person }) {
		if (!person?.id)
			return null;
		if (op === 'left') {
			this.people.delete(person.id);
			this.speaking = this.speaking.filter((id) => id !== person.id);
			return /** @type {Change} */ ({ kind: 'left', person });
		}

		const known = this.people.has(person.id);

		this.people.set(person.id, person);
		return /** @type {Change} */ (
			{ kind: known ? 'changed' : 'joined', person });
	}
}

/**
 * Who is here, for reading: who speaks first (loudest first), then oneself,
 * then by name.
 * @param {Iterable<Person>} people
 * @param {string[]} speaking
 * @param {string} you
 */
export function inOrder(people, speaking, you) {
	const rank = (/** @type {Person} */ p) => {
		const at = speaking.indexOf(p.id);

		if (at >= 0)
			return at;
		return p.id === you ? speaking.length : speaking.length + 1;
	};

	return [...people].sort((a, b) =>
		rank(a) - rank(b) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}
