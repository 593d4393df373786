// The quiet mark of a weak line, and what it opens into: a sentence and a graph.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, setAttr, setText } from './dom.js';
import { rate, t } from './words.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./quality.js').Line} Line
 * @typedef {import('./peer.js').Sample} Sample
 */

/* The graph is so many units wide and high, and shows so many samples. */
const WIDTH = 240;
const HEIGHT = 28;
const SAMPLES = 60;

/* What a line carries is told in such steps. */
const STEP_BPS = 10_000;

/** What is drawn: how it is read from a sample, a least top, and its words. */
const GRAPHS = [
	{ key: 'rate', of: (/** @type {Sample} */ s) => s.received_bps, top: 100_000,
		say: (/** @type {number} */ v) => rate(v) },
	{ key: 'loss', of: (/** @type {Sample} */ s) => 100 * Math.max(s.loss_in, s.loss_out),
		top: 5, say: (/** @type {number} */ v) => t('line.percent', { n: Math.round(v) }) },
	{ key: 'delay', of: (/** @type {Sample} */ s) => s.rtt_ms, top: 200,
		say: (/** @type {number} */ v) => t('line.ms', { ms: Math.round(v) }) },
];

/**
 * The newest value is at the right edge; a flat line at the bottom is nothing.
 * @param {number[]} values
 * @param {number} least what the top of the graph stands for at least
 */
export function pathOf(values, least) {
	const top = Math.max(least, ...values);
	const step = WIDTH / (SAMPLES - 1);

	return values.map((value, i) => {
		const x = WIDTH - (values.length - 1 - i) * step;
		const y = HEIGHT - 1 - (HEIGHT - 2) * value / top;

		return `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
	}).join('');
}

/** @param {Line} line */
function keyOf({ reason, line_bps, picture }) {
	if (reason === 'downlink-rate' && line_bps > 0)
		return 'line.downlink-rate.known';
	if (reason === 'downlink-loss' && picture !== 'smaller')
		return 'line.downlink-loss.left';
	return `line.${reason}`;
}

/** @param {Line} line */
export function lineWords(line) {
	const { picture, samples } = line;
	const newest = samples[samples.length - 1];
	/* An estimate may be too low, but not lower than what came. */
	const line_bps = Math.max(line.line_bps, newest?.received_bps ?? 0);

	return t(keyOf(line), {
		/* Who listens to it is not told of each bit. */
		rate: rate(STEP_BPS * Math.ceil(line_bps / STEP_BPS)),
		picture: t(`line.picture.${picture}`),
		ms: Math.round(newest?.rtt_ms ?? 0),
	});
}

/** What one may do about it. @param {Line} line */
function adviceWords({ reason }) {
	if (reason.startsWith('uplink'))
		return t('line.advice.up');
	return reason.startsWith('downlink') ? t('line.advice.down') : '';
}

/** @param {import('./state.js').Store} store */
export function showLine(store) {
	const mark = $('#line-mark');
	const bubble = $('#line');
	const words = $('#line-words');
	const rows = GRAPHS.map(({ key }) => $(`#line-${key}`));

	/** @param {boolean} open */
	const toggle = (open) => {
		bubble.hidden = !open;
		setAttr(mark, 'aria-expanded', String(open));
		if (open)
			draw(store.state);
	};

	/** @param {State} state */
	const draw = (state) => {
		const { samples } = state.line;

		setText(words, lineWords(state.line));
		setText($('#line-advice'), adviceWords(state.line));
		GRAPHS.forEach(({ key, of, top, say }, i) => {
			const values = samples.map(of);

			setAttr($('path', rows[i]), 'd', pathOf(values, top));
			setText($('b', rows[i]), values.map(say).pop() ?? '');
			setText($('span', rows[i]), t(`line.graph.${key}`));
		});
	};

	mark.onclick = () => toggle(bubble.hidden);
	mark.onkeydown = (/** @type {KeyboardEvent} */ event) => {
		if (event.key !== 'Escape' || bubble.hidden)
			return;
		event.stopPropagation();
		toggle(false);
	};
	store.view((state) => {
		const tile = state.picture && state.screen === 'meeting' &&
			state.shown?.tiles.find(({ id }) => id === state.you);
		const told = tile && state.line.reason !== 'fine';

		/* Who reads it goes on reading when the line has mended. */
		mark.hidden = !tile || !(told || !bubble.hidden);
		if (mark.hidden && !bubble.hidden)
			toggle(false);
		if (!tile || mark.hidden)
			return;
		setAttr(mark, 'aria-label', t(`line.mark.${
			state.line.reason === 'fine' ? 'fine' :
			state.line.reason === 'server-busy' ? 'busy' : 'weak'}`));
		mark.classList.toggle('calm', !told);
		for (const node of [mark, bubble]) {
			node.style.left = `${100 * (tile.x + tile.w)}%`;
			node.style.top = `${100 * tile.y}%`;
		}
		/* What opens near the edge would leave the picture. */
		bubble.classList.toggle('rightward', tile.x + tile.w < 0.45);
		bubble.classList.toggle('upward', tile.y > 0.55);
		if (!bubble.hidden)
			draw(state);
	});
}
