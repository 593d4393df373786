/*
 * GStreamer's webrtcbin as a client: gst_webrtc.py in a process of its own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/* Starts it; it is ended with the test. `said`: its lines of JSON so far. */
export function startGstreamer(test, mode, url) {
	const script = fileURLToPath(new URL('gst_webrtc.py', import.meta.url));
	const child = spawn('/usr/bin/python3', [script, mode, url],
	    { stdio: ['pipe', 'pipe', 'pipe'] });
	const said = [];
	let errors = '';

	createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
	child.stderr.on('data', (text) => { errors += text; });
	test.atEnd(() => child.kill('SIGKILL'));
	return {
		child, said, over: once(child, 'close'),
		words: () => `${JSON.stringify(said)} ${errors}`,
	};
}
