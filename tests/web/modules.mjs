// Lets Node load the page's modules: without a package.json beside them, older ones take *.js
// for CommonJS, so they are copied to where one says otherwise.
// SPDX-License-Identifier: GPL-3.0-or-later
import { webcrypto } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/* Browsers and Node 20 have it by this name, Node 18 has not. */
globalThis.crypto ??= webcrypto;

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-web-'));

process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
cpSync(new URL('../../web/js', import.meta.url), path.join(folder, 'web/js'),
    { recursive: true });
writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');

/* The exports of one file of web/js. */
export function load(name) {
	return import(pathToFileURL(path.join(folder, 'web/js', name)));
}
