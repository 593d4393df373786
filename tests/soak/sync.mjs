#!/usr/bin/env node
// How far apart sound and picture of one person are, over any time, on any line to the server.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// usage: builddir=build tests/soak/sync.mjs [--minutes 30] [--drift PPM] [--slow-camera MS]
//            [--up WORDS] [--then WORDS] [--browser chromium|firefox]
//
// Not part of `make check`: it takes as long as it is told. One sends flashes and beeps over a line
// of udprelay (--up: its words, as "jitter 100"; --then: others, from half of the time on), by
// a sound card that is fast by --drift and a camera that is slow by --slow-camera, another looks
// and listens. Prints each 10 s what tessera-peer says of the skew (positive: the sound is later),
// and at its end the first and the last minute after the first one. With --browser one of these
// watches, too, and says how far apart it shows what was mixed at one time.
import { servePeerPage, startBrowserClient } from '../harness/browser-client.mjs';
import { enterNamespace } from '../harness/namespace.mjs';
import { startHeadless } from '../harness/headless.mjs';
import { steer } from '../harness/relay.mjs';
import { startServer } from '../harness/server.mjs';
import { pause, runTest, until } from '../harness/tap.mjs';

/* So small that it runs beside other things. */
const configuration = `video:
  width: 640
  height: 360
  fps: 25
  kbps: 500
`;
const SKEW_MS = 40, WARM_MS = 60000, WINDOW_MS = 60000;

function option(name, otherwise) {
	const at = process.argv.indexOf(`--${name}`);

	return at < 0 ? otherwise : process.argv[at + 1];
}

function median(values) {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function words(skew) {
	return ['played', 'arrival'].map((name) => `${name} ${['p5', 'p50', 'p95'].map((p) =>
		(skew[`${name}_${p}_ms`] ?? NaN).toFixed(1)).join('/')}`).join(', ') +
	    ` ms; late by ${skew.sound_p50_ms} and ${skew.picture_p50_ms} ms`;
}

function judge(test, what, skews) {
	const known = skews.map((skew) => skew.played_p50_ms).filter((ms) => ms !== undefined);
	const skew = median(known);

	test.check(known.length > 0 && Math.abs(skew) <= SKEW_MS,
	    `${what}: the skew is ${SKEW_MS} ms at most`, `median ${skew} ms of ` +
	    `${known.length}, from ${Math.min(...known)} to ${Math.max(...known)} ms; ` +
	    `by arrival ${median(skews.map((s) => s.arrival_p50_ms))} ms`);
}

const minutes = Number(option('minutes', '30'));
if (!(minutes >= 1))
	throw new Error('--minutes takes a number from 1');
await enterNamespace();
await runTest(minutes * 60 + 120, async (test) => {
	const server = await startServer(test, configuration);
	const line = await steer(test, server, { up: option('up', '') });
	const peers = startHeadless(test, { public: line.origin }, 'sync', '--count', 2,
	    '--probe-delay', '--drift', option('drift', '0'),
	    '--slow-camera', option('slow-camera', '0'));
	const then = option('then');
	let told = 0, changed = false;

	await until('both are in', 60000, () =>
		[0, 1].every((n) => peers.last(n).connected === 1));
	const kind = option('browser');
	const browser = kind && await startBrowserClient(test, kind,
	    await servePeerPage(test, server.public));
	const shown = [];
	await browser?.join({ url: `${server.public}/whep/sync`, mode: 'watch', listen: false });
	const start = performance.now(), span = minutes * 60000;
	while (performance.now() - start < span) {
		await pause(1000);
		for (; told < peers.skews.length; told++)
			test.note(`t_s=${Math.round(peers.skews[told].t_ms / 1000)} ` +
			    words(peers.skews[told]));
		const seen = await browser?.skew();
		if (Number.isFinite(seen) && shown.push(seen) % 10 === 0)
			test.note(`${kind}: ${shown.slice(-10).map(Math.round).join(' ')} ms`);
		if (then && !changed && performance.now() - start >= span / 2) {
			changed = true;
			line.relay.say(`up ${then}`);
			test.note(`the line from now on: ${then}`);
		}
	}
	const warm = peers.skews.filter(({ at_ms }) =>
		at_ms - start >= Math.min(WARM_MS, span / 3));
	judge(test, 'in the first minute', warm.filter(({ at_ms }) =>
		at_ms < warm[0].at_ms + WINDOW_MS));
	judge(test, 'in the last minute', warm.filter(({ at_ms }) =>
		at_ms > warm.at(-1).at_ms - WINDOW_MS));
	judge(test, 'all the time', warm);
	if (browser) {
		const last = shown.slice(-60);
		test.check(last.length > 0 && Math.abs(median(last)) <= SKEW_MS,
		    `${kind} shows together what was mixed together`, `median ${median(last)} ` +
		    `ms, from ${Math.min(...last)} to ${Math.max(...last)} ms in its last minute`);
	}
	test.check([0, 1].every((n) => peers.last(n).joins === 1 && peers.last(n).failures === 0),
	    'both were in one call all the time', peers.errors);
});
