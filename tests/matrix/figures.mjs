/*
 * From what was seen of a cell to figures, and to a verdict. Pure.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures, all of the measured time:
 *   concealed   % of the sound heard that was made up; of an uplink, by the server
 *   audioGap    ms, the longest time in which nearly all sound was made up
 *   audioKbps, videoKbps   with RTP headers, without those of IP and UDP; resends count
 *   audioDelay  ms in the receiver's jitter buffer, mean
 *   fps         pictures a second
 *   freezes200, freezes500   pauses of the picture longer than that many ms, a minute
 *   pause       ms, the longest one
 *   height      lines of the picture, of most of the time; heights: {lines: share}
 *   switches    changes of the size
 *   loss        % that the receiver missed, sound and picture
 *   queue95     ms that packets waited for the line's rate, 95 of 100 less; queueMax
 *   tail        packets dropped behind a full queue
 *   used        % of the line's rate
 *   resent      % of the packets that the server sent, twice or more
 *   estimate    kbit/s, of who sends, median
 *   STEP.rung, .drained, .sound, .picture, .audioGap   ms after a step until the picture's rate
 *               and size fit and stay, the queue is short, sound, pictures are back
 */

const DRAINED_MS = 50;
const STAYS_MS = 3000;

function sum(list) {
	return list.reduce((a, b) => a + b, 0);
}

function median(list) {
	return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
}

/* last - first of a counter; a connection that was replaced begins at 0 again. */
function grown(samples, kind, key) {
	let total = 0;

	for (let i = 1; i < samples.length; i++) {
		const before = samples[i - 1][kind]?.[key] ?? 0;
		const after = samples[i][kind]?.[key] ?? 0;

		total += after >= before ? after - before : after;
	}
	return total;
}

/* Runs of time in which more than nine tenths of the sound were made up: [from, to]. */
function soundGaps(samples) {
	const gaps = [];
	let from = null;

	for (let i = 1; i < samples.length; i++) {
		const played = grown(samples.slice(i - 1, i + 1), 'audio', 'samples');
		const made = grown(samples.slice(i - 1, i + 1), 'audio', 'concealed');
		const gone = !samples[i].audio || (played > 0 && made > 0.9 * played);
		if (gone && from === null)
			from = samples[i - 1].at;
		if (!gone && from !== null) {
			gaps.push([from, samples[i - 1].at]);
			from = null;
		}
	}
	if (from !== null)
		gaps.push([from, samples.at(-1).at]);
	return gaps;
}

/* Times of pictures; where a place is watched, of those that are new there. */
function pictureTimes({ pictures }, marked) {
	return pictures.filter(([, , mark], i) => !marked || mark !== pictures[i - 1]?.[2])
	    .map(([at]) => at);
}

function pausesOf(times, begin, end) {
	const edges = [begin, ...times.filter((at) => at > begin && at < end), end];

	return edges.slice(1).map((at, i) => at - edges[i]);
}

function heightsOf(pictures, begin, end) {
	const shares = {};

	pictures.forEach(([at, height], i) => {
		const until = Math.min(pictures[i + 1]?.[0] ?? end, end);
		if (until > begin)
			shares[height] = (shares[height] ?? 0) + (until - Math.max(at, begin)) /
			    (end - begin);
	});
	return shares;
}

/* kbit/s of a counter of bytes over the window that ends at each sample. */
export function rateOver(samples, bytesOf, windowMs) {
	let first = 0;

	return samples.map((sample, i) => {
		while (samples[first].at < sample.at - windowMs && first < i)
			first++;
		const ms = sample.at - samples[first].at;
		return [sample.at, ms > windowMs / 2 ?
			Math.max(0, (bytesOf(sample) - bytesOf(samples[first])) * 8 / ms) : 0];
	});
}

/* IP bytes that left the line, of a report of the relay. */
export function wireBytes(report, way) {
	return report[way].sent_bytes + 28 * report[way].sent;
}

/* ---- what follows a step ---------------------------------------------------------------- */

/* ms until `holds` is true of all rows of STAYS_MS; null: never. */
function settled(rows, from, holds) {
	let since = null;

	for (const row of rows) {
		if (row.at < from)
			continue;
		if (!holds(row)) {
			since = null;
			continue;
		}
		since ??= row.at;
		if (row.at - since >= STAYS_MS)
			return since - from;
	}
	return null;
}

function afterStep(run, step, next) {
	const from = step.at_ms + (step.lasts ?? 0) * 1000, until = next?.at_ms ?? run.end;
	const { samples, pictures } = run.seen;
	const within = (at) => at > from && at < until;
	const found = {};

	if (step.kbps) {
		/* Sent into the line: what waits and what is dropped counts as well. */
		const offered = rateOver(run.reports, (report) => report.down.bytes +
		    28 * report.down.packets, 1000).map(([at, kbps]) => ({ at, kbps }));
		const heightAt = (at) => pictures.findLast(([shown]) => shown <= at)?.[1] ?? 0;
		const fits = (height) => step.as === 'drop' ? height <= step.height :
			height >= step.height;
		found.rung = settled(offered.filter(({ at }) => within(at)), from, ({ at, kbps }) =>
			kbps <= step.kbps * 1.05 && fits(heightAt(at)));
		found.drained = settled(run.reports.filter(({ at }) => within(at)), from,
		    (report) => report.down.queue_ms.now < DRAINED_MS);
	} else {
		const heard = samples.findIndex((sample, i) => i > 0 && within(sample.at) &&
		    grown(samples.slice(i - 1, i + 1), 'audio', 'samples') >
		    2 * grown(samples.slice(i - 1, i + 1), 'audio', 'concealed'));
		found.sound = heard < 0 ? null : samples[heard].at - from;
		const shown = pictures.find(([at]) => within(at));
		found.picture = shown ? shown[0] - from : null;
		if (step.lasts === 0) {
			/* Nothing says when it ended: the longest pause is what was lost. */
			found.sound = Math.max(0, ...soundGaps(samples).map(([a, b]) =>
				Math.min(b, until) - Math.max(a, from)));
			found.picture = Math.max(...pausesOf(pictureTimes(run.seen), from, until));
		}
	}
	found.audioGap = Math.max(0, ...soundGaps(samples).filter(([, end]) => within(end))
	    .map(([a, b]) => b - a));
	return found;
}

/* ---- all of it --------------------------------------------------------------------------- */

function soundFigures(run, minutes) {
	const { samples } = run.seen;
	const seconds = minutes * 60;
	const played = grown(samples, 'audio', 'samples');
	const delay = grown(samples, 'audio', 'delay') / (grown(samples, 'audio', 'emitted') || 1);
	const found = {
		concealed: 100 * grown(samples, 'audio', 'concealed') / (played || 1),
		audioGap: Math.max(0, ...soundGaps(samples).map(([a, b]) => b - a)),
		audioKbps: (grown(samples, 'audio', 'bytes') + grown(samples, 'audio', 'headers')) *
		    8 / seconds / 1000,
		audioDelay: 1000 * delay,
	};

	if (!played)
		found.concealed = 100;
	if (run.way === 'up') {
		/* 20 ms each; only who is behind the line speaks. */
		const rows = run.server, ms = rows.at(-1).at - rows[0].at;
		const sent = run.own.samples;
		found.concealed = 100 * 20 * (rows.at(-1).concealed - rows[0].concealed) / ms;
		found.audioKbps = (grown(sent, 'sentAudio', 'bytes') +
		    grown(sent, 'sentAudio', 'headers')) * 8 / seconds / 1000;
		delete found.audioGap;
		delete found.audioDelay;
	}
	return found;
}

function pictureFigures(run, minutes) {
	const { begin, end, seen, own } = run;
	const up = run.way === 'up';
	const times = pictureTimes(seen, up).filter((at) => at > begin && at < end);
	const pauses = pausesOf(times, begin, end);
	const heights = up ? {} : heightsOf(seen.pictures, begin, end);
	const samples = up ? own.samples : seen.samples;
	const kind = up ? 'sentVideo' : 'video';

	return {
		fps: times.length / minutes / 60,
		freezes200: pauses.filter((ms) => ms > 200).length / minutes,
		freezes500: pauses.filter((ms) => ms > 500).length / minutes,
		pause: Math.max(...pauses),
		heights,
		height: Number(Object.entries(heights).sort(([, a], [, b]) => b - a)[0]?.[0] ??
		    samples.at(-1)?.[kind]?.height ?? 0),
		switches: seen.pictures.filter(([, height], i) => i > 0 &&
		    height !== seen.pictures[i - 1][1]).length,
		videoKbps: (grown(samples, kind, 'bytes') + grown(samples, kind, 'headers')) * 8 /
		    minutes / 60000,
		nacks: grown(samples, kind, 'nacks'), plis: grown(samples, kind, 'plis'),
		keys: grown(samples, kind, 'keys'),
	};
}

function lineFigures(run, minutes) {
	const way = run.line[run.way];
	const { samples } = run.seen;
	const received = grown(samples, 'audio', 'packets') + grown(samples, 'video', 'packets');
	const lost = grown(samples, 'audio', 'lost') + grown(samples, 'video', 'lost');
	const kbps = wireBytes(run.line, run.way) * 8 / minutes / 60000;
	const rows = run.server;
	const estimates = run.quality.filter(({ at }) => at > run.begin)
	    .map(({ down }) => down?.line_kbps ?? 0).filter((kbps) => kbps > 0);

	return {
		loss: 100 * lost / (received + lost || 1), lineKbps: kbps,
		queue95: way.queue_ms.p95, queueMax: way.queue_ms.max, tail: way.dropped.queue,
		used: run.rateKbps ? 100 * kbps / run.rateKbps : null,
		resent: 100 * (rows.at(-1).resent - rows[0].resent) / (way.packets || 1),
		estimate: run.way === 'up' ?
			median(run.own.samples.map(({ outgoing }) => outgoing ?? 0)) / 1000 :
			median(estimates) ||
			median(samples.map(({ incoming }) => incoming ?? 0)) / 1000,
	};
}

export function figuresFrom(run) {
	const minutes = (run.end - run.begin) / 60000;
	const found = { joined: run.joined, ...soundFigures(run, minutes),
		...pictureFigures(run, minutes), ...lineFigures(run, minutes) };

	run.steps.forEach((step, i) => {
		for (const [key, value] of Object.entries(afterStep(run, step, run.steps[i + 1])))
			found[`${step.as}.${key}`] = value;
	});
	return found;
}

/* Nine tenths of the time with these sizes; with 0 among them a picture need not be there. */
function judgeHeights(heights, limit) {
	const good = sum(limit.map((height) => heights[height] ?? 0));
	const other = sum(Object.values(heights)) - good;

	if (limit.includes(0) ? other <= 0.1 : good >= 0.9)
		return [];
	return [`height ${limit.join(' or ')} for ${Math.round(100 * good)} % of the time`];
}

/* What breaks the limits, in words; empty: all holds. */
export function judge(figures, limits) {
	const broken = [];

	for (const [name, limit] of Object.entries(limits)) {
		if (name === 'heights') {
			broken.push(...judgeHeights(figures.heights, limit));
			continue;
		}
		const [least, most] = limit;
		const value = figures[name];
		if (value === null || value === undefined)
			broken.push(`${name} never`);
		else if (least !== null && value < least)
			broken.push(`${name} ${value.toFixed(1)} < ${least}`);
		else if (most !== null && value > most)
			broken.push(`${name} ${value.toFixed(1)} > ${most}`);
	}
	return broken;
}
