/*
 * A picture of one cell: rate, size, loss and delay over time. Pure.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { rateOver, wireBytes } from './figures.mjs';

const WIDTH = 760, LEFT = 70, RIGHT = 130, STRIP = 96, GAP = 30, TOP = 34;
const INK = '#30343b', FAINT = '#d4d8de';
const COLOURS = { a: '#2f6fb0', b: '#c2571a', c: '#3d8f4f' };

/* The rate that the cell's words give the line, from step to step: [at, kbps]. */
function limitOf(run, words) {
	const first = Number(/\brate (\d+)/.exec(words)?.[1] ?? 0);
	const points = [[run.begin, first]];

	for (const step of run.steps) {
		if (step.kbps)
			points.push([step.at_ms, points.at(-1)[1]], [step.at_ms, step.kbps]);
	}
	points.push([run.end, points.at(-1)[1]]);
	return points.every(([, kbps]) => kbps > 0) ? points : [];
}

/* Per second of `every` ms: a share in % of two counters. */
function shareOver(samples, partOf, restOf, windowMs = 1000) {
	let first = 0;

	return samples.map((sample, i) => {
		while (samples[first].at < sample.at - windowMs && first < i)
			first++;
		const part = partOf(sample) - partOf(samples[first]);
		const rest = restOf(sample) - restOf(samples[first]);
		return [sample.at, part + rest > 0 ? Math.max(0, 100 * part / (part + rest)) : 0];
	});
}

function delaysOf(samples) {
	return samples.slice(10).map((sample, i) => {
		const before = samples[i];
		const emitted = sample.audio.emitted - before.audio.emitted;
		return [sample.at, emitted > 0 ?
			1000 * (sample.audio.delay - before.audio.delay) / emitted : 0];
	});
}

function niceTop(value) {
	for (let unit = 1; ; unit *= 10) {
		for (const step of [1, 2, 5]) {
			if (step * unit >= value)
				return step * unit;
		}
	}
}

/* One strip: `lines` [{name, points, colour, dashed}], `unit` of its axis. */
function strip(run, row, title, unit, lines, least = 1) {
	const y0 = TOP + row * (STRIP + GAP), wide = WIDTH - LEFT - RIGHT;
	const top = niceTop(Math.max(least, ...lines.flatMap(({ points }) =>
		points.map(([, value]) => value))));
	const x = (at) => LEFT + wide * Math.min(1, Math.max(0,
	    (at - run.begin) / (run.end - run.begin)));
	const y = (value) => y0 + STRIP - STRIP * value / top;
	const out = [`<text x="${LEFT}" y="${y0 - 6}" font-weight="bold">${title}</text>`];

	for (const value of [0, top / 2, top]) {
		out.push(`<path d="M${LEFT} ${y(value)}h${wide}" stroke="${FAINT}"/>`,
		    `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}` +
		    `${value === top ? ` ${unit}` : ''}</text>`);
	}
	for (const { at_ms: at } of run.steps)
		out.push(`<path d="M${x(at).toFixed(1)} ${y0}v${STRIP}" stroke="${INK}" ` +
		    'stroke-dasharray="2 3"/>');
	lines.forEach(({ name, points, colour, dashed }, i) => {
		const path = points.map(([at, value], n) =>
			`${n ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('');
		if (path)
			out.push(`<path d="${path}" fill="none" stroke="${colour}" ` +
			    `stroke-width="1.5"${dashed ? ' stroke-dasharray="5 3"' : ''}/>`);
		out.push(`<text x="${WIDTH - RIGHT + 10}" y="${y0 + 14 + 16 * i}" ` +
		    `fill="${colour}">${name}</text>`);
	});
	return out.join('\n');
}

/* Equal values in a row but the first and the last are not drawn. */
function corners(points) {
	return points.filter(([, value], i) => i === 0 || i === points.length - 1 ||
	    value !== points[i - 1][1] || value !== points[i + 1][1]);
}

export function svgOf(run, words) {
	const { samples, pictures } = run.seen;
	const way = run.way;
	const heard = samples.filter(({ audio, video }) => audio && video);
	const limit = limitOf(run, words);
	const offered = (report) => report[way].bytes + 28 * report[way].packets;
	const passed = (report) => wireBytes(report, way);
	const strips = [
		strip(run, 0, 'rate', 'kbit/s', [
			{ name: 'sent into the line', colour: COLOURS.b,
				points: rateOver(run.reports, offered, 1000) },
			{ name: 'through the line', colour: COLOURS.a,
				points: rateOver(run.reports, passed, 1000) },
			...limit.length ? [{ name: 'what it carries', colour: COLOURS.c,
				points: limit, dashed: true }] : [],
		]),
		strip(run, 1, 'height of the picture', 'lines', [{ name: 'shown', colour: COLOURS.a,
			points: corners(pictures.map(([at, height]) => [at, height])) }], 720),
		strip(run, 2, 'loss', '%', [
			{ name: 'sound made up', colour: COLOURS.b, points: shareOver(heard,
			    ({ audio }) => audio.concealed,
			    ({ audio }) => audio.samples - audio.concealed) },
			{ name: 'packets missed', colour: COLOURS.a, points: shareOver(heard,
			    ({ audio, video }) => audio.lost + video.lost,
			    ({ audio, video }) => audio.packets + video.packets) },
		], 5),
		strip(run, 3, 'delay', 'ms', [
			{ name: 'queue of the line', colour: COLOURS.b, points: run.reports.map(
			    (report) => [report.at, report[way].queue_ms.now]) },
			{ name: 'sound waits', colour: COLOURS.a, points: delaysOf(heard) },
		], 100),
	];
	const height = TOP + 4 * (STRIP + GAP) + 4;
	const seconds = [];
	for (let s = 0; s <= run.seconds; s += 10) {
		const x = LEFT + (WIDTH - LEFT - RIGHT) * s / run.seconds;
		seconds.push(`<text x="${x.toFixed(1)}" y="${height - 10}" text-anchor="middle">` +
		    `${s}${s + 10 > run.seconds ? ' s' : ''}</text>`);
	}
	return [`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
	    'font-family="sans-serif" font-size="12">',
	`<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
	`<text x="${LEFT}" y="14" fill="${INK}">${run.name} (${run.kind}, seed ${run.seed})</text>`,
	...strips, ...seconds, '</svg>', ''].join('\n');
}
