// What the matrix makes of what was seen: figures, verdicts, pictures; and who leads to the relay.
// SPDX-License-Identifier: GPL-3.0-or-later
import { rewriteCandidates } from '../harness/relay.mjs';
import { runTest } from '../harness/tap.mjs';
import { cells, cellsNamed } from '../matrix/cells.mjs';
import { figuresFrom, judge } from '../matrix/figures.mjs';
import { svgOf } from '../matrix/plot.mjs';

const BEGIN = 1000000, SECONDS = 20;

/*
 * A run of 20 s, seen each 100 ms: sound of 32 kbit/s, 25 pictures a second; `fault(ms)` says what
 * is wrong at a time: {deaf, blind, height, queue, kbps}.
 */
function fakeRun(fault, steps = []) {
	const run = {
		name: 'fake', way: 'down', kind: 'wrtc', seed: 1, seconds: SECONDS, joined: 500,
		begin: BEGIN, end: BEGIN + SECONDS * 1000, rateKbps: 1000, quality: [], own: null,
		steps: steps.map((step) => ({ ...step, at_ms: BEGIN + step.at * 1000 })),
		seen: { samples: [], pictures: [] }, reports: [],
		server: [{ at: BEGIN, concealed: 0, resent: 0 },
			{ at: BEGIN + SECONDS * 1000, concealed: 100, resent: 50 }],
	};
	const audio = { samples: 0, concealed: 0, bytes: 0, headers: 0, packets: 0, lost: 0,
		delay: 0, emitted: 0 };
	const video = { bytes: 0, headers: 0, packets: 0, lost: 0, nacks: 0, plis: 0, keys: 0 };
	const down = { packets: 0, bytes: 0, sent: 0, sent_bytes: 0, dropped: { queue: 7 } };

	for (let ms = 0; ms < SECONDS * 1000; ms += 20) {
		const { deaf, blind, height = 720, queue = 0, kbps = 1000 } = fault(ms);
		audio.samples += 960;
		audio.concealed += deaf ? 960 : 0;
		audio.bytes += deaf ? 0 : 80;
		audio.packets += deaf ? 0 : 1;
		audio.delay += 960 * 0.06;
		audio.emitted += 960;
		down.bytes += kbps / 8 * 20;
		down.sent_bytes += kbps / 8 * 20;
		if (ms % 40 === 0 && !blind)
			run.seen.pictures.push([BEGIN + ms, height, ms]);
		if (ms % 100 === 0) {
			run.seen.samples.push({ at: BEGIN + ms, audio: { ...audio },
				video: { ...video } });
			run.reports.push({ at: BEGIN + ms,
				down: { ...down, queue_ms: { now: queue } } });
		}
	}
	run.line = { down: { ...down, queue_ms: { p95: 0, max: 0 } } };
	return run;
}

const near = (value, wanted, by) => Math.abs(value - wanted) <= by;

await runTest(30, async (test) => {
	const clean = figuresFrom(fakeRun(() => ({})));
	test.check(clean.concealed === 0 && near(clean.fps, 25, 0.2) && clean.freezes200 === 0 &&
	    clean.height === 720 && near(clean.heights[720], 1, 0.01) &&
	    near(clean.audioKbps, 32, 1) && near(clean.used, 100, 2) &&
	    near(clean.audioDelay, 60, 1) && clean.audioGap === 0, 'a clean run has clean figures',
	JSON.stringify(clean));

	const bad = figuresFrom(fakeRun((ms) => ({
		deaf: ms >= 5000 && ms < 6000, blind: ms >= 8000 && ms < 8600,
		height: ms >= 10000 ? 180 : 720,
	})));
	test.check(near(bad.concealed, 5, 0.5) && near(bad.audioGap, 1000, 150),
	    'sound that is made up counts, and the longest time of it',
	    `${bad.concealed} % ${bad.audioGap} ms`);
	test.check(near(bad.pause, 640, 1) && near(bad.freezes200, 3, 0.01) &&
	    near(bad.freezes500, 3, 0.01), 'a pause of the picture counts, a minute',
	`${bad.pause} ms`);
	test.check(near(bad.heights[180], 0.5, 0.02) && bad.switches === 1,
	    'sizes are shares of the time');

	const step = { at: 5, say: 'down rate 300', as: 'drop', kbps: 300, height: 360 };
	const stepped = figuresFrom(fakeRun((ms) => ms < 5000 ? {} : {
		kbps: ms < 6000 ? 1000 : 250, height: ms < 6500 ? 720 : 360,
		queue: ms < 9000 ? 400 : 10,
	}, [step]));
	test.check(stepped['drop.rung'] > 1400 && stepped['drop.rung'] < 2200 &&
	    near(stepped['drop.drained'], 4000, 150),
	'what follows a step is told from it on',
	`${stepped['drop.rung']} ${stepped['drop.drained']}`);
	const never = figuresFrom(fakeRun((ms) => ({ queue: ms < 5000 ? 0 : 400 }), [step]));
	test.check(never['drop.rung'] === null && never['drop.drained'] === null,
	    'what never follows is null');

	const dark = figuresFrom(fakeRun((ms) => ({ deaf: ms >= 5000 && ms < 9000,
		blind: ms >= 5000 && ms < 10000 }),
	[{ at: 5, say: 'both blackout 3', lasts: 3, as: 'back' }]));
	test.check(near(dark['back.sound'], 1000, 200) && near(dark['back.picture'], 2000, 50),
	    'after a blackout the time until sound and picture is told',
	    `${dark['back.sound']} ${dark['back.picture']}`);

	test.check(judge(bad, { concealed: [null, 6], fps: [20, null] }).length === 0 &&
	    judge(bad, { concealed: [null, 4], fps: [25, null] }).length === 2 &&
	    judge(never, { 'drop.rung': [null, 1] }).length === 1 &&
	    judge(bad, { heights: [180, 720] }).length === 0 &&
	    judge(bad, { heights: [720] }).length === 1 &&
	    judge(bad, { heights: [0, 180] }).length === 1, 'limits are judged');
	test.check(new Set(cells.map(({ name }) => name)).size === cells.length,
	    'no two cells have one name');
	test.check(cellsNamed(['blackout-*']).length >= 2, 'cells are found by the head of a name');
	let thrown = false;
	try {
		cellsNamed(['down-los']);
	} catch {
		thrown = true;
	}
	test.check(thrown, 'and a wrong name is not taken');
	const svg = svgOf(fakeRun(() => ({}), [step]), 'rate 2000');
	test.check(svg.startsWith('<svg') && svg.endsWith('</svg>\n') &&
	    !/NaN|undefined/.test(svg) && svg.includes('what it carries'), 'a run is drawn');

	const sdp = ['v=0', 'm=audio 40000 X',
		'a=candidate:1 1 udp 2130706431 10.0.0.1 40000 typ host',
		'a=candidate:2 1 udp 2130706430 ::1 40000 typ host', 'a=end-of-candidates',
		'm=video 40000 X', 'a=candidate:1 1 udp 2130706431 10.0.0.1 40000 typ host', ''];
	test.check(rewriteCandidates(sdp.join('\r\n'), '10.9.9.9', '77') === [sdp[0], sdp[1],
		'a=candidate:1 1 udp 2130706431 10.9.9.9 77 typ host', sdp[4], sdp[5],
		'a=candidate:1 1 udp 2130706431 10.9.9.9 77 typ host', ''].join('\r\n'),
	'an answer leads to the relay, and nowhere else');
});
