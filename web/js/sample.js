// What a connection's own figures say of its line. Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * @typedef {object} Sample            one look at the line
 * @property {number} received_bytes   since this connection began
 * @property {number} received_bps     since the last sample
 * @property {number} sent_bps
 * @property {number} loss_in          0..1 since the last sample
 * @property {number} loss_out         0..1 as the server last reported
 * @property {number} rtt_ms
 * @property {number} frames           of the picture since the last sample
 */

export class Sampler {
	#last = { at_ms: 0, received: 0, sent: 0, packets: 0, lost: 0, frames: 0 };

	/**
	 * @param {RTCStatsReport} stats
	 * @param {number} now_ms
	 * @returns {Sample}
	 */
	take(stats, now_ms) {
		const sum = { received: 0, sent: 0, packets: 0, lost: 0, frames: 0 };
		let rtt_s = 0, loss_out = 0;

		for (const report of stats.values()) {
			if (report.type === 'inbound-rtp') {
				sum.received += report.bytesReceived ?? 0;
				sum.packets += report.packetsReceived ?? 0;
				sum.lost += report.packetsLost ?? 0;
				sum.frames += report.framesDecoded ?? 0;
			} else if (report.type === 'outbound-rtp') {
				sum.sent += report.bytesSent ?? 0;
			} else if (report.type === 'remote-inbound-rtp') {
				loss_out = Math.max(loss_out, report.fractionLost ?? 0);
				rtt_s = Math.max(rtt_s, report.roundTripTime ?? 0);
			} else if (report.type === 'candidate-pair' && report.nominated) {
				rtt_s = Math.max(rtt_s, report.currentRoundTripTime ?? 0);
			}
		}

		const last = this.#last;
		const seconds = Math.max(0.001, (now_ms - last.at_ms) / 1000);
		const lost = Math.max(0, sum.lost - last.lost);
		const got = Math.max(0, sum.packets - last.packets);

		this.#last = { at_ms: now_ms, ...sum };
		return {
			received_bytes: sum.received,
			received_bps: 8 * (sum.received - last.received) / seconds,
			sent_bps: 8 * (sum.sent - last.sent) / seconds,
			loss_in: lost / Math.max(1, lost + got),
			loss_out,
			rtt_ms: rtt_s * 1000,
			frames: sum.frames - last.frames,
		};
	}
}
