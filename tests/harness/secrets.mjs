/*
 * What must stand in no log.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/* Shorter words may stand anywhere by chance. */
const LENGTH_LEAST = 8;

export class Secrets {
	#all = new Set();

	keep(...words) {
		for (const word of words.filter((one) => one.length >= LENGTH_LEAST))
			this.#all.add(word);
	}

	/* ICE credentials and fingerprints. */
	keepSdp(sdp) {
		this.keep(...Array.from(
			sdp.matchAll(/^a=(?:ice-pwd:|ice-ufrag:|fingerprint:\S+ )(\S+)/gm),
			([, word]) => word));
	}

	/* The last part of a session's URL. */
	keepSession(url) {
		this.keep(url.split('/').pop());
	}

	/* Lines of the private keys in a folder. */
	async keepKeys(folder) {
		for (const name of await readdir(folder)) {
			const text = await readFile(path.join(folder, name), 'utf8');
			const keys = text.match(/-BEGIN [A-Z ]*PRIVATE KEY-+[^-]+/g) ?? [];
			this.keep(...keys.flatMap((key) => key.split('\n').slice(1)));
		}
	}

	/* One check: at debug level `log` has none of them, nor a part of an SDP. */
	check(test, log) {
		const found = [...this.#all].filter((word) => log.includes(word));

		test.check(/ debug /.test(log) && this.#all.size > 0 && !found.length &&
		    !/ice-pwd|ice-ufrag|fingerprint:|v=0/.test(log),
		    'no secret is in the log at its most talkative',
		    `${this.#all.size} secrets, ${log.length} characters, found: ${found}`);
	}
}
