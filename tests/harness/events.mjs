/*
 * A reader of a session's event stream that keeps what the page would know.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import http from 'node:http';
import { until } from './tap.mjs';

/* One event of the stream; `data` is null in a comment. */
function parse(block) {
	const event = { id: '', event: 'message', data: '', at_ms: performance.now() };

	for (const line of block.split('\n')) {
		const [, key, value] = /^(\w*): ?(.*)$/s.exec(line) ?? [];
		if (key)
			event[key] = key === 'data' ? event.data + value : value;
	}
	event.data = event.data ? JSON.parse(event.data) : null;
	return event;
}

/* Where the events of a session are: one of WHIP or WHEP has a URL of another kind. */
export function eventsOf(session) {
	const url = new URL(session);

	url.pathname = `/v1/sessions/${url.pathname.split('/').pop()}/events`;
	return url.href;
}

export class EventStream {
	people = new Map();
	tilemap = null;
	speaking = [];
	you = '';
	ended = null;		/* the reason, once the server said it */
	closed = false;		/* the connection is over */
	onquality = () => {};	/* takes the data of each such event */
	events = [];		/* all that came: {id, event, data, at_ms} */
	#request;
	#text = '';

	/* Opens `url` and waits for its snapshot. */
	static async open(url, headers = {}) {
		const stream = new EventStream();

		await stream.#connect(url, headers);
		await until('the snapshot of the event stream', 5000, () => stream.you);
		return stream;
	}

	#connect(url, headers) {
		return new Promise((resolve, reject) => {
			this.#request = http.get(url, {
				headers: { accept: 'text/event-stream', ...headers },
			}, (response) => {
				if (response.statusCode !== 200) {
					response.resume();
					reject(new Error(`events: status ${response.statusCode}`));
					return;
				}
				response.setEncoding('utf8');
				response.on('data', (text) => this.#read(text));
				response.on('close', () => { this.closed = true; });
				resolve();
			});
			this.#request.on('error', (error) => {
				this.closed = true;
				reject(error);
			});
		});
	}

	#read(text) {
		const blocks = (this.#text + text).split('\n\n');

		this.#text = blocks.pop();
		for (const block of blocks) {
			const event = parse(block);
			if (event.data) {
				this.events.push(event);
				this.#take(event.event, event.data);
			}
		}
	}

	#take(name, data) {
		if (name === 'snapshot') {
			this.you = data.you;
			this.people = new Map(data.people.map((person) => [person.id, person]));
			this.tilemap = data.tilemap;
			this.speaking = data.speaking;
		} else if (name === 'roster' && data.op === 'left') {
			this.people.delete(data.person.id);
		} else if (name === 'roster') {
			this.people.set(data.person.id, data.person);
		} else if (name === 'tilemap') {
			this.tilemap = data;
		} else if (name === 'speaking') {
			this.speaking = data.ids;
		} else if (name === 'quality') {
			this.onquality(data);
		} else if (name === 'ended') {
			this.ended = data.reason;
		}
	}

	/* The tile of a person, or undefined. */
	tileOf(id) {
		return this.tilemap?.tiles.find((tile) => tile.id === id);
	}

	close() {
		this.#request.destroy();
	}
}
