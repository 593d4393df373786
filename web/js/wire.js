// The HTTP half of the client library: requests and the event stream of one session.
// SPDX-License-Identifier: GPL-3.0-or-later

import { EVENT_TYPES } from './events.js';

/** What the server gets to answer a join, and the line to carry media. */
export const JOIN_MS = 10_000;

/* A restart is worth less patience: the next one comes. */
const RESTART_MS = 3_000;
/* On a line that works an answer comes far sooner. */
const REACH_MS = 2_000;
/* A room that only has to restart asks for less. */
const CLOSED_S = 5;

/* Trying again would change nothing. */
const FINAL = ['no-webrtc', 'room-name', 'bad-offer', 'not-acceptable', 'media-type'];

/** Why a join did not come about. `code` is for programs, the message for people. */
export class JoinError extends Error {
	/**
	 * @param {string} code 'unreachable', 'media', 'left', or the last word of
	 *                      a problem's type ('busy', 'bad-offer', ...)
	 * @param {{detail?: string, retry_after_s?: number}} [more]
	 */
	constructor(code, more = {}) {
		super(more.detail || code);
		this.code = code;
		this.retry_after_s = more.retry_after_s ?? 0;
	}

	get final() {
		return FINAL.includes(this.code);
	}
}

/** @param {Response} response */
async function problemOf(response) {
	const retry_after_s = Number(response.headers.get('Retry-After')) || 0;
	let body = /** @type {any} */ ({});

	try {
		body = await response.json();
	} catch {
		/* Not from Tessera: the status must do. */
	}

	let code = String(body.type ?? '').split(':').pop() ||
		(response.status === 503 ? 'busy' : 'refused');

	/* Not for a moment: the room has failed again and again. */
	if (code === 'room-failed' && retry_after_s > CLOSED_S)
		code = 'room-closed';
	return new JoinError(code, { detail: body.detail, retry_after_s });
}

/** @param {string} server @param {string} room */
function roomUrl(server, room) {
	return `${server}/v1/rooms/${encodeURIComponent(room)}`;
}

/**
 * How many people are in a room.
 * @param {string} room
 * @param {string} [server] origin, '' for this page's own
 * @returns {Promise<number>}
 */
export async function presence(room, server = '') {
	const response = await fetch(`${roomUrl(server, room)}/presence`,
		{ cache: 'no-store', signal: AbortSignal.timeout(5000) });

	if (!response.ok)
		throw await problemOf(response);
	return Number((await response.json()).people) || 0;
}

/**
 * One place in a room as the server knows it. Holds the session's id, which is
 * the capability: it is never shown nor stored.
 */
export class Wire {
	#server; #room;
	#id = '';
	/** @type {EventSource|null} */ #events = null;

	/** @param {string} server @param {string} room */
	constructor(server, room) {
		this.#server = server;
		this.#room = room;
	}

	/**
	 * Takes a place; the same one as before where there was one.
	 * @param {string} offer
	 * @param {{name: string, max: string}} wishes
	 * @returns {Promise<{answer: string, you: string}>}
	 */
	async join(offer, wishes) {
		/** @type {Record<string, string>} */
		const headers = {
			'Content-Type': 'application/sdp',
			'Accept': 'application/sdp, application/problem+json',
		};
		let response;

		if (this.#id)
			headers['Tessera-Resume'] = this.#id;
		try {
			response = await fetch(`${roomUrl(this.#server, this.#room)}/join?` +
				new URLSearchParams(wishes), {
				method: 'POST', headers, body: offer, cache: 'no-store',
				signal: AbortSignal.timeout(JOIN_MS),
			});
		} catch {
			throw new JoinError('unreachable');
		}
		if (response.status !== 201)
			throw await problemOf(response);

		const answer = await response.text();

		this.#id = (response.headers.get('Location') ?? '').split('/').pop() ?? '';
		return { answer, you: response.headers.get('Tessera-Participant') ?? '' };
	}

	/** Asks the least there is, to know whether the line is there. */
	async reach() {
		try {
			await fetch(`${roomUrl(this.#server, this.#room)}/presence`, {
				method: 'HEAD', cache: 'no-store',
				signal: AbortSignal.timeout(REACH_MS),
			});
		} catch {
			throw new JoinError('unreachable');
		}
	}

	/** The next join takes a new place. */
	forget() {
		this.#id = '';
	}

	/** @param {object} change */
	patch(change) {
		if (this.#id)
			fetch(this.#url(), {
				method: 'PATCH', body: JSON.stringify(change), cache: 'no-store',
				headers: { 'Content-Type': 'application/json' },
			}).catch(() => { /* told again by the next join */ });
	}

	/**
	 * Restarts ICE: our new credentials for the server's.
	 * @param {string} fragment of SDP
	 * @returns {Promise<string>}
	 */
	async restart(fragment) {
		const response = await fetch(this.#url(), {
			method: 'PATCH', body: fragment, cache: 'no-store',
			headers: { 'Content-Type': 'application/trickle-ice-sdpfrag',
				'If-Match': '*' },
			signal: AbortSignal.timeout(RESTART_MS),
		});

		if (response.status !== 200)
			throw await problemOf(response);
		return response.text();
	}

	/** Leaves; reaches the server even while the page is being closed. */
	goodbye() {
		if (this.#id)
			fetch(this.#url(), { method: 'DELETE', keepalive: true })
				.catch(() => { /* the server notices by itself */ });
		this.#id = '';
		this.close();
	}

	/**
	 * Follows the session's events.
	 * @param {object} on
	 * @param {(type: string, data: any) => void} on.event
	 * @param {(reason: string) => void} on.ended  no more will come
	 */
	listen(on) {
		const source = new EventSource(`${this.#url()}/events`);
		/** @param {string} reason */
		const end = (reason) => {
			source.close();
			if (source === this.#events)
				on.ended(reason);
		};

		this.close();
		this.#events = source;
		for (const type of EVENT_TYPES)
			source.addEventListener(type, ({ data }) => {
				if (source === this.#events)
					on.event(type, JSON.parse(data));
			});
		source.addEventListener('ended',
			({ data }) => end(JSON.parse(data).reason));
		source.onerror = () => {
			/* A stream that merely broke is resumed by the browser. */
			if (source.readyState === EventSource.CLOSED)
				end('session');
		};
	}

	close() {
		this.#events?.close();
		this.#events = null;
	}

	#url() {
		return `${this.#server}/v1/sessions/${this.#id}`;
	}
}
