/*
 * The cells of the matrix: what is wrong with the line, and what must hold all the same.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * name    → how it is called, as in "down-loss-20x3"
 * up, down → words for udprelay, see its --help
 * way     'down': a person behind the line watches; 'up': the person behind the line sends, and is
 *         looked at from a good one
 * steps   [{at, say, as}]: at so many seconds of the measured time these lines go to udprelay;
 *         `as` names what comes after it in the figures
 * limits  {figure: [least, most]} of figures.mjs; null: no limit
 */

const DELAY = 'delay 20';	/* each way: nobody sits beside the server */
const NONE = null;

/* Concealed sound (%), pictures a second, pauses > 200 ms and > 500 ms a minute. */
function quality(concealed, fps, freezes200, freezes500 = NONE) {
	return {
		concealed: [NONE, concealed], fps: [fps, NONE],
		freezes200: [NONE, freezes200], freezes500: [NONE, freezes500],
	};
}

/* Limits of loss by percent, then by burst. */
const lossLimits = {
	0: { 1: quality(0.1, 24, 0), 3: quality(0.1, 24, 0) },
	5: { 1: quality(0.5, 15, 1), 3: quality(1, 15, 1) },
	10: { 1: quality(1, 15, 3), 3: quality(2, 15, 3) },
	20: { 1: quality(3, 10, NONE), 3: quality(6, 10, NONE) },
	30: {
		1: { ...quality(4, NONE, NONE), pause: [NONE, 3000], audioKbps: [NONE, 80] },
		3: { ...quality(8, NONE, NONE), pause: [NONE, 3000], audioKbps: [NONE, 80] },
	},
};
/* What comes up is repaired by the browser's FEC and our NACK. */
const uplinkConcealed = { 0: [0.1, 0.1], 5: [0.5, 1], 10: [1, 2], 20: [2, 6], 30: [4, 8] };

/*
 * By rate in kbit/s: concealed, heights that may be seen (of stills at 64: 360 in AV1), least share
 * of the rate used.
 */
const rateLimits = {
	40: [1, [0], NONE], 64: [1, [0, 180, 360], NONE], 128: [0.5, [180], 60],
	256: [0.5, [180, 360], 60], 500: [0.5, [180, 360], 60], 1000: [0.5, [360, 720], 60],
	2000: [0.5, [720], 60],
};

function lossCells() {
	const cells = [];

	for (const percent of [0, 5, 10, 20, 30]) {
		for (const burst of percent ? [1, 3] : [1]) {
			const words = `${DELAY} loss ${percent} burst ${burst}`;
			const limits = lossLimits[percent][burst];
			const concealed = uplinkConcealed[percent][burst === 3 ? 1 : 0];
			const name = `loss-${percent}x${burst}`;

			cells.push({
				name: `down-${name}`, way: 'down', down: words, up: DELAY, limits,
			});
			cells.push({
				name: `up-${name}`, way: 'up', up: words, down: DELAY,
				limits: {
					concealed: [NONE, concealed],
					fps: [percent < 20 ? 12 : 5, NONE],
				},
			});
		}
	}
	return cells;
}

function jitterCells() {
	const concealed = { 30: 0.5, 100: 1, 200: 3 };

	return Object.keys(concealed).flatMap((ms) => {
		const words = `${DELAY} jitter-normal ${ms}`;
		const limits = {
			concealed: [NONE, concealed[ms]],
			freezes500: [NONE, 0], fps: [ms === '200' ? 15 : 20, NONE],
		};
		return [
			{ name: `down-jitter-${ms}`, way: 'down', down: words, up: DELAY, limits },
			{ name: `up-jitter-${ms}`, way: 'up', up: words, down: DELAY,
				limits: { ...limits, fps: [10, NONE], freezes500: [NONE, 0] } },
		];
	});
}

function rateCells() {
	return Object.entries(rateLimits).flatMap(([kbps, [concealed, heights, used]]) => {
		const words = `${DELAY} rate ${kbps} queue 1000`;
		const rateKbps = Number(kbps);
		const limits = {
			concealed: [NONE, concealed], heights, used: [used, NONE],
			queue95: [NONE, 200], audioGap: [NONE, 200],
		};

		return [
			{ name: `down-rate-${kbps}`, way: 'down', down: words, up: DELAY, rateKbps,
				limits },
			{ name: `up-rate-${kbps}`, way: 'up', up: words, down: DELAY, rateKbps,
				limits: {
					concealed: [NONE, 1],
					queue95: [NONE, 200],
				} },
		];
	});
}

const otherCells = [
	{ name: 'down-reorder-5', way: 'down', down: `${DELAY} reorder 5`, up: DELAY,
		limits: { concealed: [NONE, 0.2], fps: [24, NONE], resent: [NONE, 10] } },
	{ name: 'down-duplicate-2', way: 'down', down: `${DELAY} duplicate 2`, up: DELAY,
		limits: { concealed: [NONE, 0.2], fps: [24, NONE], resent: [NONE, 10] } },
	{ name: 'up-reorder-5', way: 'up', up: `${DELAY} reorder 5`, down: DELAY,
		limits: { concealed: [NONE, 0.2], fps: [12, NONE] } },
	{ name: 'up-duplicate-2', way: 'up', up: `${DELAY} duplicate 2`, down: DELAY,
		limits: { concealed: [NONE, 0.2], fps: [12, NONE] } },
	{ name: 'up-loss-30-rtt-60', way: 'up', up: 'delay 30 loss 30', down: 'delay 30',
		limits: { concealed: [NONE, 2] } },
	{ name: 'down-rtt-400', way: 'down', down: 'delay 200', up: 'delay 200',
		limits: quality(0.2, 24, 0) },
	{ name: 'down-rtt-400-loss-5', way: 'down', down: 'delay 200 loss 5', up: 'delay 200',
		limits: quality(1, 10, NONE, 3) },
	/* Down to a fifth and back. The sums of the picture's rates are of the issue. */
	{ name: 'step-2000-300-2000', way: 'down', down: `${DELAY} rate 2000 queue 1000`, up: DELAY,
		seconds: 60,
		steps: [{ at: 10, say: 'down rate 300', as: 'drop', kbps: 300, height: 360 },
			{ at: 30, say: 'down rate 2000', as: 'rise', kbps: 2000, height: 720 }],
		limits: { 'drop.rung': [NONE, 2000], 'drop.drained': [NONE, 5000],
			'drop.audioGap': [NONE, 200], 'rise.rung': [NONE, 15000] } },
	{ name: 'blackout-3', way: 'down', down: DELAY, up: DELAY, seconds: 20,
		steps: [{ at: 5, say: 'both blackout 3', lasts: 3, as: 'back' }],
		limits: { 'back.sound': [NONE, 1000], 'back.picture': [NONE, 2000] } },
	{ name: 'blackout-10', way: 'down', down: DELAY, up: DELAY, seconds: 30,
		steps: [{ at: 5, say: 'both blackout 10', lasts: 10, as: 'back' }],
		limits: { 'back.sound': [NONE, 1000], 'back.picture': [NONE, 2000] } },
	{ name: 'rebind', way: 'down', down: DELAY, up: DELAY, seconds: 20,
		steps: [{ at: 5, say: 'rebind', lasts: 0, as: 'back' }],
		limits: { 'back.sound': [NONE, 4000], 'back.picture': [NONE, 4000] } },
];

export const cells = [...lossCells(), ...jitterCells(), ...rateCells(), ...otherCells];

/* Cells by names; a name may end with * to mean all that begin so. */
export function cellsNamed(names) {
	return names.flatMap((name) => {
		const found = cells.filter((cell) => name.endsWith('*') ?
			cell.name.startsWith(name.slice(0, -1)) : cell.name === name);
		if (!found.length)
			throw new Error(`no cell is called ${name}; there are: ` +
			    cells.map((cell) => cell.name).join(' '));
		return found;
	});
}
