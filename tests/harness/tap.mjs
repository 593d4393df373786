/*
 * A test that speaks TAP: checks, things to undo at the end, and a limit of time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

class Test {
	#count = 0;
	#failed = 0;
	#undo = [];
	/* A folder of this test's own, removed at its end. */
	folder = '';

	/* One line of TAP; `figures` say what was measured. Returns `good`. */
	check(good, words, figures = '') {
		this.#count++;
		if (!good)
			this.#failed++;
		const what = String(figures).replaceAll('#', '').replaceAll('\n', ' ');
		console.log(`${good ? 'ok' : 'not ok'} ${this.#count} - ${words}` +
		    (what ? ` (${what})` : ''));
		return Boolean(good);
	}

	note(words) {
		console.log(String(words).replace(/^/gm, '# '));
	}

	/* Done at the end whatever happens, last first. */
	atEnd(undo) {
		this.#undo.push(undo);
	}

	async undoAll() {
		for (const undo of this.#undo.splice(0).reverse()) {
			try {
				await undo();
			} catch (error) {
				this.check(false, 'the test cleans up', error.message);
			}
		}
	}

	/* Prints the plan. Returns the exit status. */
	end() {
		console.log(`1..${this.#count}`);
		return this.#failed || !this.#count ? 1 : 0;
	}
}

/* Runs `body(test)` and ends the process. What it throws is a failed check. */
export async function runTest(limitSeconds, body) {
	const test = new Test();
	const late = new Promise((_, reject) => {
		setTimeout(() => reject(new Error(`took more than ${limitSeconds} s`)),
		    limitSeconds * 1000);
	});

	test.folder = await mkdtemp(path.join(tmpdir(), 'tessera-test-'));
	test.atEnd(() => rm(test.folder, { recursive: true, force: true, maxRetries: 5 }));
	process.on('SIGTERM', () => test.undoAll().then(() => process.exit(143)));
	try {
		await Promise.race([body(test), late]);
	} catch (error) {
		test.check(false, 'the test runs to its end', error.message);
		test.note(error.stack);
	}
	await test.undoAll();
	process.exit(test.end());
}

/* A machine that stands still for a while, or is slow, is no failure. */
const LEAST_LIMIT_MS = 20000;

/*
 * Waits until `look()` gives something true and returns it. Asks every `everyMs`; throws after
 * `limitMs`, but no sooner than LEAST_LIMIT_MS, with `what` in its words. Who bounds a time
 * takes it and judges it.
 */
export async function until(what, limitMs, look, everyMs = 50) {
	const limit = Math.max(limitMs, LEAST_LIMIT_MS);
	const end = performance.now() + limit;

	for (;;) {
		const found = await look();
		if (found)
			return found;
		if (performance.now() > end)
			throw new Error(`waited ${limit / 1000} s in vain: ${what}`);
		await pause(everyMs);
	}
}

/* For measuring over a time; never to wait for something. */
export function pause(ms) {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
