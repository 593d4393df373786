// The screen without a room: type a name, or take the one proposed.
// SPDX-License-Identifier: GPL-3.0-or-later

import { $, el, setAttr, setText } from './dom.js';
import { t } from './words.js';

const NAME = /^[a-z0-9-]{1,64}$/;
const RESERVED = ['whip', 'whep', 'v1', 'healthz', 'readyz', 'metrics', 'demo-assets'];

const LOOKS = `amber azure birch blue bright brisk bronze calm cedar clear cobalt copper
coral crimson dawn dusky early fern gentle gold green hazel indigo ivory jade kind lilac
lime lively lunar maple mellow merry mild misty mossy olive opal pearl plain plum proud
quiet rosy ruby rustic sage sandy scarlet silver sky snowy soft solar spruce still sunny
swift teal tidy velvet violet warm willow winter young`.split(/\s+/);
const THINGS = `badger beaver bison bridge brook canyon castle cloud comet crane cricket
delta dolphin dune eagle falcon ferry field finch fjord forest fox garden glade harbour
hawk heron hill island kettle kite lagoon lake lantern lark lemur lynx marten meadow
mill moon moth mountain oak orchard otter owl panda pebble pine planet pond quail raven
reef river robin sail seal shore sparrow spring star stone stork summit swan thicket
tower trail tulip valley village walnut wave whale wren`.split(/\s+/);

/** @param {number} below */
function chance(below) {
	return crypto.getRandomValues(new Uint32Array(1))[0] % below;
}

/** Three words: enough that nobody else has the same room by accident. */
export function freshName() {
	const first = LOOKS[chance(LOOKS.length)];
	let second = first;

	while (second === first)
		second = LOOKS[chance(LOOKS.length)];
	return `${first}-${second}-${THINGS[chance(THINGS.length)]}`;
}

/** What somebody typed, as a room name: "Blue Fox" is "blue-fox". @param {string} text */
export function tidyName(text) {
	return text.trim().toLowerCase().replace(/[\s_]+/g, '-');
}

/**
 * What an address that names no room may have meant: "Blue_Fox/" is "blue-fox".
 * @param {string} text
 */
export function likelyName(text) {
	const name = tidyName(text).replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, '');

	return nameProblem(name) ? '' : name;
}

/** @param {string} name @returns {string} key of words, '' when it is good */
export function nameProblem(name) {
	if (!NAME.test(name))
		return 'landing.bad';
	return RESERVED.includes(name) ? 'landing.reserved' : '';
}

/**
 * @param {string} wrong what the address has for a room's name, '' for nothing
 * @param {(room: string) => void} open
 */
export function showLanding(wrong, open) {
	const field = $('#room'), problem = $('#room-problem');

	const propose = () => {
		field.value = freshName();
		setText(problem, '');
	};

	setText($('#host'), `${location.host}/`);
	$('#another').onclick = propose;
	field.oninput = () => {
		setText(problem, '');
		setAttr(field, 'aria-invalid', 'false');
	};
	$('#open-form').onsubmit = (/** @type {Event} */ event) => {
		const name = tidyName(field.value);
		const wrong = nameProblem(name);

		event.preventDefault();
		setText(problem, wrong && t(wrong));
		setAttr(field, 'aria-invalid', String(!!wrong));
		if (wrong)
			field.focus();
		else
			open(name);
	};
	propose();
	if (wrong) {
		const likely = likelyName(wrong);

		field.value = likely || field.value;
		setText(problem, t(likely ? 'landing.address.likely' : 'landing.address',
			{ name: wrong }));
	}
	drawPicture();
}

/* A mosaic to look at: somebody speaks in it. */
function drawPicture() {
	const degrees = [210, 30, 95, 265, 172, 335, 52, 232, 8];

	$('.picture').replaceChildren(...degrees.map((hue, n) => {
		const tile = el('i', n === 4 ? 'hued speaks' : 'hued');

		tile.style.setProperty('--degrees', String(hue));
		return tile;
	}));
}
