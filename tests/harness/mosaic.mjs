/*
 * Does a client see in the mosaic what the tile map says?
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
import { colourName } from './analyse.mjs';
import { until } from './tap.mjs';

const MARKER_PLACES = 24;

/* The picture of 4:3, as all test clients send it, inside its tile: x, y, w, h in fractions. */
function pictureIn(tile, [width, height]) {
	const fit = Math.min(tile.w * width / 4, tile.h * height / 3);
	const w = fit * 4 / width, h = fit * 3 / height;

	return { x: tile.x + (tile.w - w) / 2, y: tile.y + (tile.h - h) / 2, w, h };
}

/* Three places of plain colour, the first in the middle. */
function plainPlaces(tile, canvas) {
	const { x, y, w, h } = pictureIn(tile, canvas);

	return [[0.5, 0.5], [0.2, 0.25], [0.8, 0.25]].map(([u, v]) => [x + u * w, y + v * h]);
}

/* Places along which the white square of each picture moves. */
function markerPlaces(tile, canvas) {
	const { x, y, w, h } = pictureIn(tile, canvas);

	return Array.from({ length: MARKER_PLACES },
	    (_, i) => [x + (i + 0.5) / MARKER_PLACES * w, y + 220 / 240 * h]);
}

/*
 * What `client` sees of each of `people` ({participant, colour}): a list of {colour, right, marker}
 * in their order. `stream`: an EventStream with the tile map.
 */
export async function lookAtTiles(client, stream, people) {
	const { tilemap } = stream;
	const tiles = people.map(({ participant }) => stream.tileOf(participant));

	if (tiles.includes(undefined))
		return people.map(() => ({ colour: 'no tile', right: false, marker: -1 }));
	const points = tiles.flatMap((tile) => [
		...plainPlaces(tile, tilemap.canvas), ...markerPlaces(tile, tilemap.canvas),
	]);
	const { colours } = await client.look(points);
	return people.map(({ colour }, i) => {
		const mine = colours.slice(i * (3 + MARKER_PLACES), (i + 1) * (3 + MARKER_PLACES));
		const plain = mine.slice(0, 3).map((seen) => colourName(seen));
		return {
			colour: plain.find((name) => name !== colour) ?? colour,
			right: plain.every((name) => name === colour),
			marker: mine.slice(3).findIndex((seen) => Math.min(...seen) > 225),
		};
	});
}

/* Waits until `client` sees everybody's colour in the right tile. */
export async function seesEverybody(client, stream, people, limitMs = 10000) {
	let seen;

	try {
		await until('everybody is seen', limitMs, async () => {
			seen = await lookAtTiles(client, stream, people);
			return seen.every(({ right }) => right);
		}, 200);
		return seen;
	} catch (error) {
		const found = seen?.map(({ colour }) => colour).join(', ') ?? 'nothing';
		throw new Error(`${client.kind} sees ${found} instead of ` +
		    people.map(({ colour }) => colour).join(', '), { cause: error });
	}
}
