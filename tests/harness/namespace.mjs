/*
 * Puts a test into a network namespace of its own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { spawn } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/* Where a server inside must listen so that every client reaches it. */
export const address = process.env.TESSERA_NETNS ?? '';

/*
 * Five real clients want most of two processors. Elsewhere they have machines of their own, so
 * here the server goes first: it is the one under test.
 */
export const CLIENT_NICE = 10;

/*
 * Call first. Outside a namespace it runs this very program again inside a new one (netns.sh),
 * ends with its exit status, and never returns; inside it returns at once.
 */
export async function enterNamespace() {
	if (address) {
		/* All that this starts are clients but the server, which takes it back. */
		os.setPriority(Math.min(19, os.getPriority() + CLIENT_NICE));
		return;
	}
	const script = fileURLToPath(new URL('netns.sh', import.meta.url));
	const inside = spawn('bash', [script, process.execPath, ...process.argv.slice(1)],
	    { stdio: 'inherit' });
	for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
		process.on(signal, () => inside.kill(signal));
	const status = await new Promise((resolve) => {
		inside.on('error', () => resolve(127));
		inside.on('exit', (code, signal) => resolve(signal ? 128 : code));
	});
	process.exit(status);
}
