/*
 * What a client hears and sees, sampled over time; in Node and in a page.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Times are milliseconds of the wall clock of the machine, so that those of several processes on
 * it can be compared.
 */

const EVERY_MS = 100;

const audioKeys = {
	samples: 'totalSamplesReceived', concealed: 'concealedSamples',
	silent: 'silentConcealedSamples', packets: 'packetsReceived', bytes: 'bytesReceived',
	headers: 'headerBytesReceived', lost: 'packetsLost', delay: 'jitterBufferDelay',
	emitted: 'jitterBufferEmittedCount', fec: 'fecPacketsReceived',
	slowed: 'insertedSamplesForDeceleration', hurried: 'removedSamplesForAcceleration',
	discarded: 'packetsDiscarded',
};
const videoKeys = {
	packets: 'packetsReceived', bytes: 'bytesReceived', headers: 'headerBytesReceived',
	lost: 'packetsLost', decoded: 'framesDecoded', keys: 'keyFramesDecoded',
	height: 'frameHeight', nacks: 'nackCount', plis: 'pliCount', delay: 'jitterBufferDelay',
	emitted: 'jitterBufferEmittedCount', freezes: 'freezeCount',
};
const sentKeys = {
	packets: 'packetsSent', bytes: 'bytesSent', headers: 'headerBytesSent',
	resent: 'retransmittedPacketsSent', frames: 'framesEncoded', height: 'frameHeight',
};

export function wallClock() {
	return performance.timeOrigin + performance.now();
}

function pick(report, keys) {
	const found = {};

	for (const [name, key] of Object.entries(keys))
		found[name] = report[key] ?? 0;
	return found;
}

/* One look at getStats(), in short names. */
export function figuresOf(reports) {
	const found = {
		at: wallClock(), audio: null, video: null, sentAudio: null, sentVideo: null,
	};

	for (const report of reports.values()) {
		const codec = () => reports.get(report.codecId)?.mimeType ?? '';

		if (report.type === 'inbound-rtp' && report.kind === 'audio') {
			found.audio = pick(report, audioKeys);
		} else if (report.type === 'inbound-rtp' && report.kind === 'video') {
			found.video = { ...pick(report, videoKeys), codec: codec() };
		} else if (report.type === 'outbound-rtp' && report.kind === 'audio') {
			found.sentAudio = pick(report, sentKeys);
		} else if (report.type === 'outbound-rtp' && report.kind === 'video') {
			found.sentVideo = pick(report, sentKeys);
		} else if (report.type === 'candidate-pair' && report.nominated) {
			found.outgoing = report.availableOutgoingBitrate ?? 0;
			found.incoming = report.availableIncomingBitrate ?? 0;
			found.rtt = report.currentRoundTripTime ?? 0;
		}
	}
	return found;
}

export class Meter {
	samples = [];		/* of figuresOf */
	pictures = [];		/* [when shown, height, mark] */
	#connection;
	#timer;
	#busy = false;

	constructor(connection) {
		this.#connection = connection;
	}

	start() {
		this.#timer = setInterval(() => this.#look(), EVERY_MS);
		this.#look();
	}

	async #look() {
		if (this.#busy)
			return;
		this.#busy = true;
		try {
			this.samples.push(figuresOf(await this.#connection().getStats()));
		} catch {
			/* The connection is being replaced: the next look sees the new one. */
		}
		this.#busy = false;
	}

	/* A picture is shown now; `mark` tells whether a place of it has changed. */
	picture(height, mark = 0) {
		this.pictures.push([wallClock(), height, mark]);
	}

	stop() {
		clearInterval(this.#timer);
		return { samples: this.samples, pictures: this.pictures };
	}
}
