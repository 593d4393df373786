// The ICE part of session descriptions: fragments for a restart (RFC 8840, RFC 9725). Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/** @param {string} sdp */
const linesOf = (sdp) => sdp.split(/\r?\n/).filter(Boolean);

/** @param {string[]} lines @param {string} start */
const lineOf = (lines, start) => lines.find((line) => line.startsWith(start));

/**
 * What the server must know of our new credentials: the section that carries
 * the bundle, without candidates, as the server learns ours from our checks.
 * @param {string} offer
 */
export function iceFragment(offer) {
	const lines = linesOf(offer);
	const first = lines.findIndex((line) => line.startsWith('m='));
	const section = lines.slice(first);

	return [
		lineOf(lines.slice(0, first), 'a=group:BUNDLE'), section[0],
		lineOf(section, 'a=mid:'), lineOf(section, 'a=ice-ufrag:'),
		lineOf(section, 'a=ice-pwd:'),
	].filter((line) => line !== undefined).map((line) => `${line}\r\n`).join('');
}

/**
 * The answer that the server would give now: the one it gave, with the ICE of
 * its fragment in each section.
 * @param {string} answer
 * @param {string} fragment
 */
export function withIce(answer, fragment) {
	const fresh = linesOf(fragment).filter((line) =>
		/^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates)\b/.test(line));
	const kept = linesOf(answer).filter((line) =>
		!/^a=(ice-pwd|candidate|end-of-candidates)\b/.test(line));

	return kept.flatMap((line) => line.startsWith('a=ice-ufrag:') ? fresh : [line])
		.map((line) => `${line}\r\n`).join('');
}
