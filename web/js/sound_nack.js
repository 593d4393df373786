// Repair of sound: browsers know NACK for it, but do not offer it. Pure.
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * The offer as the server gets it, with NACK for Opus. Its answer then says so, and the browsers
 * that can ask for lost sound do, though their own offer did not say it.
 * @param {string} offer
 */
export function withSoundNack(offer) {
	const [, type] = /^a=rtpmap:(\d+) opus\/48000\/2\s*$/im.exec(offer) ?? [];

	if (!type || new RegExp(`^a=rtcp-fb:(${type}|\\*) nack\\s*$`, 'm').test(offer))
		return offer;
	return offer.replace(/^(a=rtpmap:\d+ opus\/48000\/2)(\r?\n)/im,
		`$1$2a=rtcp-fb:${type} nack$2`);
}
