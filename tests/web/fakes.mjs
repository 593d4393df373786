// A browser's network as session.js sees it, with a clock that the test turns.
// SPDX-License-Identifier: GPL-3.0-or-later

const real = { setTimeout: globalThis.setTimeout };

class FakeClock {
	#now = 1000;
	#timers = new Map();
	#next = 1;

	now() {
		return this.#now;
	}

	start(work, ms, every) {
		const id = this.#next++;

		this.#timers.set(id, { at: this.#now + ms, work, every });
		return id;
	}

	stop(id) {
		this.#timers.delete(id);
	}

	stopAll() {
		this.#timers.clear();
	}

	/* The next timer due by `limit`, or undefined. */
	#due(limit) {
		return [...this.#timers].filter(([, timer]) => timer.at <= limit)
		    .sort(([, a], [, b]) => a.at - b.at)[0];
	}

	async pass(ms, settle) {
		const limit = this.#now + ms;

		for (let due = this.#due(limit); due; due = this.#due(limit)) {
			const [id, timer] = due;

			this.#now = timer.at;
			if (timer.every)
				timer.at += timer.every;
			else
				this.#timers.delete(id);
			timer.work();
			await settle();
		}
		this.#now = limit;
	}
}

class FakeSender {
	track = null;

	constructor(track, encodings) {
		this.track = track;
		this.encodings = encodings;
	}

	getParameters() {
		return { encodings: structuredClone(this.encodings) };
	}

	async setParameters({ encodings }) {
		this.encodings = encodings;
	}

	async replaceTrack(track) {
		this.track = track;
	}
}

class FakePeer extends EventTarget {
	connectionState = 'new';
	signalingState = 'stable';
	localDescription = null;
	transceivers = [];
	restarts = 0;
	rollbacks = 0;
	packets = 0;

	constructor() {
		super();
		fakes.peers.push(this);
	}

	get state() {
		return this.connectionState;
	}

	addTransceiver(what, { direction, sendEncodings }) {
		const track = typeof what === 'string' ? null : what;
		const transceiver = { direction,
			sender: new FakeSender(track, sendEncodings) };

		this.transceivers.push(transceiver);
		return transceiver;
	}

	async createOffer({ iceRestart }) {
		this.restarts += iceRestart ? 1 : 0;
		return { type: 'offer', sdp: `v=0\r\na=group:BUNDLE 0 1\r\nm=audio 9 X 111\r\n` +
			`a=mid:0\r\na=ice-ufrag:u${this.restarts}\r\na=ice-pwd:p\r\n` };
	}

	async setLocalDescription({ type = 'offer' } = {}) {
		this.localDescription = { sdp: 'offer' };
		this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
		this.rollbacks += type === 'rollback' ? 1 : 0;
	}

	async setRemoteDescription({ sdp }) {
		this.remote = sdp;
		this.signalingState = 'stable';
	}

	async getStats() {
		return new Map([['in', { type: 'inbound-rtp', packetsReceived: this.packets }]]);
	}

	become(state) {
		this.connectionState = state;
		this.dispatchEvent(new Event('connectionstatechange'));
		this.onconnectionstatechange?.();
	}

	close() {
		this.connectionState = 'closed';
	}
}

class FakeEvents extends EventTarget {
	static CLOSED = 2;
	readyState = 1;

	constructor(url) {
		super();
		this.url = url;
		fakes.streams.push(this);
		queueMicrotask(() => this.say('snapshot',
		    { room: 'r', you: 'me', people: [], tilemap: null, speaking: [] }));
	}

	say(type, data) {
		if (this.readyState !== FakeEvents.CLOSED)
			this.dispatchEvent(Object.assign(new Event(type),
			    { data: JSON.stringify(data) }));
	}

	/* As after a 404. */
	die() {
		this.readyState = FakeEvents.CLOSED;
		this.onerror?.();
	}

	close() {
		this.readyState = FakeEvents.CLOSED;
	}
}

function headersOf(pairs) {
	return { get: (name) => pairs[name] ?? null };
}

async function fakeRestart() {
	const answer = fakes.restarts.shift() ?? {};

	if (answer.takes)
		await new Promise((resolve) => {
			clock.start(resolve, answer.takes, 0);
		});
	if (answer.cut || fakes.down)
		throw new TypeError('network');
	if (answer.status)
		return { ok: false, status: answer.status, headers: headersOf({}),
			json: async () => ({ type: `urn:tessera:problem:${answer.type}` }) };
	return { ok: true, status: 200, headers: headersOf({}),
		text: async () => 'a=ice-lite\r\nm=audio 9 X 111\r\na=ice-ufrag:new\r\n' +
			'a=ice-pwd:new\r\na=candidate:2\r\na=end-of-candidates\r\n' };
}

const ANSWER = 'a=ice-lite\r\nm=audio 9 X 111\r\na=ice-ufrag:old\r\na=ice-pwd:old\r\n' +
	'a=fmtp:111 minptime=10;useinbandfec=1\r\n';

async function fakeFetch(url, { method = 'GET', headers = {}, body } = {}) {
	fakes.requests.push({ url, method, headers, body });
	if (method === 'PATCH' && headers['If-Match'])
		return fakeRestart();
	if (method === 'HEAD' && fakes.down)
		throw new TypeError('network');
	if (method !== 'POST')
		return { ok: true, status: 200, headers: headersOf({}) };

	fakes.onjoin();

	const answer = fakes.answers.shift() ?? {};

	if (answer.cut || fakes.down)
		throw new TypeError('network');
	if (answer.status)
		return { ok: false, status: answer.status,
			headers: headersOf({ 'Retry-After': answer.retry }),
			json: async () => ({ type: `urn:tessera:problem:${answer.type}` }) };
	return { ok: true, status: 201, text: async () => ANSWER,
		headers: headersOf({ Location: `/v1/sessions/s${fakes.joins()}`,
			'Tessera-Participant': 'me' }) };
}

const clock = new FakeClock();

export const fakes = {
	peers: [], streams: [], requests: [],
	answers: [],			/* to the next joins; none: 201 */
	restarts: [],			/* to the next ICE restarts; none: 200 at once */
	down: false,
	onjoin: () => {},		/* the server has a join, and has not answered */

	reset() {
		clock.stopAll();
		this.peers = [];
		this.streams = [];
		this.requests = [];
		this.answers = [];
		this.restarts = [];
		this.down = false;
		this.onjoin = () => {};
	},
	/* The newest connection. */
	peer() {
		return this.peers.at(-1);
	},
	events(n) {
		return this.streams[n];
	},
	joins() {
		return this.requests.filter(({ method }) => method === 'POST').length;
	},
	/* How often was asked whether the server is there. */
	looks() {
		return this.requests.filter(({ method }) => method === 'HEAD').length;
	},
	/* ICE restarts that were asked for. */
	asked() {
		return this.requests.filter(({ headers }) => headers['If-Match']).length;
	},
	/* Lets everything that needs no time happen. */
	settle() {
		return new Promise((resolve) => {
			real.setTimeout(resolve, 2);
		});
	},
	async pass(ms) {
		await this.settle();
		await clock.pass(ms, () => this.settle());
		await this.settle();
	},
};

class FakeCustomEvent extends Event {
	constructor(type, { detail }) {
		super(type);
		this.detail = detail;
	}
}

Object.assign(globalThis, {
	RTCPeerConnection: FakePeer, EventSource: FakeEvents, fetch: fakeFetch,
	CustomEvent: FakeCustomEvent,
	MediaStream: class {
		addTrack() {
		}
	},
	addEventListener() {
	},
	removeEventListener() {
	},
});

/* Only what the library asks is turned by hand: the test's own limit of time is real. */
const ours = () => /web\/js\//.test(new Error().stack.split('\n')[3] ?? '');

for (const [name, every] of [['setTimeout', false], ['setInterval', true]]) {
	const old = globalThis[name];

	globalThis[name] = (work, ms, ...more) => ours() ?
		clock.start(work, ms, every ? ms : 0) : old(work, ms, ...more);
}
for (const name of ['clearTimeout', 'clearInterval']) {
	const old = globalThis[name];

	globalThis[name] = (id) => typeof id === 'number' ? clock.stop(id) : old(id);
}
/* Node 18 lets it be defined, not assigned. */
Object.defineProperty(performance, 'now', { value: () => clock.now() });
