// Sound for a line that carries little else: long packets of few bits. Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/*
 * 27 kbit/s on the wire, where browsers send 55 by themselves. With fewer bits Opus would make no
 * FEC any more.
 */
const MOST_BPS = 20_000;
const PACKET_MS = 60;

/**
 * The server's answer, as the browser is to take it: what Opus of an answer says is what the
 * browser sends.
 * @param {string} answer
 */
export function withThinSound(answer) {
	return answer.replace(/^(a=fmtp:\d+ [^\r\n]*useinbandfec=1[^\r\n]*)(\r?\n)/m,
		`$1;maxaveragebitrate=${MOST_BPS}$2a=ptime:${PACKET_MS}$2`);
}
