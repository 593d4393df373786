// The page's pure modules: who is here, colours and initials, tile maps, the judged line.
// SPDX-License-Identifier: GPL-3.0-or-later
import { pause, runTest } from '../harness/tap.mjs';
import { load } from './modules.mjs';

const { inOrder, RoomModel } = await load('events.js');
const { iceFragment, withIce } = await load('ice.js');
const { freshName, likelyName, nameProblem, tidyName } = await load('landing.js');
const { hueOf, initials } = await load('person.js');
const { leftOfPicture } = await load('picture_note.js');
const { LineQuality } = await load('quality.js');
const { withSoundNack } = await load('sound_nack.js');
const { withThinSound } = await load('thin_sound.js');
const { MapClock } = await load('tilemap.js');

const person = (id, name) => ({ id, name, mic: true, camera: true, state: 'here', sends: true });
const ada = person('0000000a', 'Ada'), bob = person('0000000b', 'Bob');
const eve = person('0000000e', 'Eve');

function snapshot(people = [ada, bob]) {
	return { room: 'r', you: bob.id, people, tilemap: null, speaking: [ada.id] };
}

function theRoom(test) {
	const model = new RoomModel();

	test.check(model.apply('snapshot', snapshot())?.kind === 'snapshot' &&
	    model.people.size === 2 && model.you === bob.id, 'takes_a_snapshot');
	test.check(model.apply('roster', { op: 'joined', person: eve })?.kind === 'joined' &&
	    model.people.has(eve.id), 'hears_who_joined');
	test.check(model.apply('roster', { op: 'joined', person: eve })?.kind === 'changed',
	    'a_person_joins_once');
	model.apply('roster', { op: 'changed', person: { ...eve, mic: false } });
	test.check(model.people.get(eve.id).mic === false, 'hears_what_changed');
	test.check(model.apply('roster', { op: 'left', person: ada })?.kind === 'left' &&
	    !model.people.has(ada.id) && !model.speaking.length,
	'who_left_speaks_no_more');
	test.check(model.apply('roster', { op: 'left' }) === null &&
	    model.apply('future', {}) === null, 'passes_over_what_it_does_not_know');
	model.apply('snapshot', snapshot([eve]));
	test.check([...model.people.keys()].join() === eve.id,
	    'a_snapshot_replaces_all');

	const order = (speaking) => inOrder([eve, ada, bob], speaking, bob.id)
	    .map(({ name }) => name).join(' ');
	test.check(order([]) === 'Bob Ada Eve', 'lists_oneself_first_in_silence');
	test.check(order([eve.id, ada.id]) === 'Eve Ada Bob', 'lists_the_loudest_first');
}

function looks(test) {
	/* The same figures stand in the test of compositor_colour(). */
	test.check(hueOf('1a2b3c4d') === 13 && hueOf('deadbeef') === 261,
	    'a_colour_follows_from_the_id');
	const names = [
		['Ada Lovelace', 'AL'], ['  grace  brewster hopper ', 'GH'], ['edsger', 'E'],
		['Émile Zola', 'ÉZ'], ['李娜', '李'], ['42', '4'], ['', ''], ['!? …', ''],
		['<b>Bob</b>', 'BB'],
	];

	for (const [name, wanted] of names)
		test.check(initials(name) === wanted, `initials_of_${JSON.stringify(name)}`,
		    initials(name));
}

function roomNames(test) {
	test.check(!nameProblem('blue-fox') && !nameProblem('a'.repeat(64)), 'takes_room_names');
	test.check(['', 'Blue', 'a b', 'a/b', 'ä', 'a'.repeat(65)].every(nameProblem) &&
	    ['v1', 'whip', 'metrics'].every(nameProblem), 'refuses_what_is_none');
	test.check(tidyName('  Blue Fox ') === 'blue-fox', 'makes_a_name_of_what_was_typed');

	test.check(likelyName('Blue Fox/') === 'blue-fox' &&
	    likelyName('blue-fox.') === 'blue-fox' &&
	    ['', '/', 'whip', 'Ä', 'a'.repeat(65)].every((wrong) => !likelyName(wrong)),
	'guesses_what_an_address_meant');

	const names = Array.from({ length: 200 }, freshName);
	test.check(names.every((name) => !nameProblem(name)) && new Set(names).size > 195,
	    'proposes_names_that_differ');
}

function iceAgain(test) {
	const text = (...lines) => lines.map((line) => `${line}\r\n`).join('');
	const mine = ['a=ice-ufrag:mine', 'a=ice-pwd:secret'];
	const offer = text('v=0', 'a=group:BUNDLE 0 1', 'm=audio 9 X 111', 'a=mid:0', ...mine,
	    'a=ice-options:trickle', 'm=video 9 X 96', 'a=mid:1', ...mine);
	test.check(iceFragment(offer) === text('a=group:BUNDLE 0 1', 'm=audio 9 X 111', 'a=mid:0',
	    ...mine), 'a_fragment_has_the_credentials_of_the_bundle', iceFragment(offer));

	const old = ['a=ice-ufrag:old', 'a=ice-pwd:old'];
	const answer = text('v=0', 'm=audio 9 X 111', ...old, 'a=setup:active', 'a=candidate:1',
	    'a=end-of-candidates', 'm=video 0 X 96', 'm=video 9 X 96', ...old, 'a=candidate:1');
	const fragment = 'a=ice-lite\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:new\r\n' +
		'a=ice-pwd:newer\r\na=candidate:2\r\na=end-of-candidates\r\n';
	const fresh = ['a=ice-ufrag:new', 'a=ice-pwd:newer', 'a=candidate:2',
		'a=end-of-candidates'];
	test.check(withIce(answer, fragment) === text('v=0', 'm=audio 9 X 111', ...fresh,
	    'a=setup:active', 'm=video 0 X 96', 'm=video 9 X 96', ...fresh),
	'and_goes_into_each_section_of_the_answer', withIce(answer, fragment));
}

function soundNack(test) {
	const text = (...more) => ['v=0', 'm=audio 9 X 63 109', 'a=rtpmap:63 red/48000/2',
		'a=rtpmap:109 opus/48000/2', ...more, 'm=video 9 X 96', 'a=rtcp-fb:96 nack',
		''].join('\r\n');
	const bare = 'v=0\r\nm=audio 9 X 0\r\na=rtpmap:0 PCMU/8000\r\n';

	test.check(withSoundNack(text()) === text('a=rtcp-fb:109 nack'), 'offers_nack_for_sound',
	    withSoundNack(text()));
	test.check(withSoundNack(text('a=rtcp-fb:109 nack')) === text('a=rtcp-fb:109 nack') &&
	    withSoundNack(bare) === bare, 'but_once_and_for_opus_only');
}

function thinSound(test) {
	const text = (opus) => ['v=0', 'm=audio 9 X 109', 'a=rtpmap:109 opus/48000/2', ...opus,
		'm=video 9 X 96', 'a=fmtp:96 max-fs=1', ''].join('\r\n');
	const full = 'a=fmtp:109 minptime=10;useinbandfec=1';
	const thin = withThinSound(text([full]));

	test.check(thin === text([`${full};maxaveragebitrate=20000`, 'a=ptime:60']),
	    'asks_for_long_packets_of_few_bits_and_their_fec', thin);
	test.check(withThinSound(text([])) === text([]), 'of_opus_alone');
}

async function tileMaps(test) {
	const shown = [];
	const clock = new MapClock((map) => shown.push(map.version));
	const map = (version, rtp) => ({ version, rtp, canvas: [1280, 720], tiles: [] });

	clock.offer(map(1, 1000));
	test.check(!shown.length, 'a_map_waits');
	await pause(250);
	test.check(shown.join() === '1', 'without_word_from_the_frames_not_for_long');
	clock.frame(5000);
	clock.offer(map(2, 4000));
	test.check(shown.join() === '1,2', 'a_map_of_a_frame_gone_by_is_shown_at_once');
	clock.offer(map(3, 9000));
	clock.frame(8999);
	test.check(shown.join() === '1,2', 'not_before_its_frame');
	clock.frame(9000);
	test.check(shown.join() === '1,2,3', 'with_its_frame');
	clock.frame(0xffffff00);
	clock.offer(map(4, 0x10));
	test.check(shown.join() === '1,2,3', 'time_stamps_wrap');
	clock.offer(map(5, 0x20));
	clock.frame(0x30);
	test.check(shown.join() === '1,2,3,5', 'a_newer_map_takes_the_place_of_one_that_waits');
	clock.offer(map(6, 0x4000));
	await pause(1200);
	test.check(shown.join() === '1,2,3,5,6', 'a_frame_that_never_comes_is_not_waited_for');
	clock.offer(map(7, 0x8000));
	clock.reset();
	clock.frame(0x9000);
	test.check(shown.join() === '1,2,3,5,6', 'a_new_line_forgets_old_maps');
}

function thePicture(test) {
	const state = (reason, picture, more = {}) => ({ screen: 'meeting', phase: 'here',
		picture: true, line: { reason, picture }, ...more });

	test.check(leftOfPicture(state('downlink-rate', 'stills')) === 'stills' &&
	    leftOfPicture(state('server-busy', 'none')) === 'none', 'says_what_a_thin_line_leaves');
	test.check(leftOfPicture(state('downlink-rate', 'smaller')) === '' &&
	    leftOfPicture(state('fine', 'none')) === '',
	'but_nothing_of_what_moves_or_is_not_held_back');
	test.check(leftOfPicture(state('downlink-rate', 'none', { picture: false })) === '' &&
	    leftOfPicture(state('downlink-rate', 'none', { phase: 'reconnecting' })) === '',
	'and_nothing_where_another_word_stands');
}

function theLine(test) {
	const quality = new LineQuality();
	const sample = (more) => quality.take({ received_bytes: 0, received_bps: 0, sent_bps: 0,
		loss_in: 0, loss_out: 0, rtt_ms: 10, ...more });

	const is = (reason, what) => test.check(quality.line.reason === reason, what,
		quality.line.reason);

	sample({ loss_in: 0.2 });
	is('fine', 'one_bad_moment_is_not_a_weak_line');
	sample({ rtt_ms: 900 });
	is('delay', 'two_are');
	sample({});
	is('delay', 'it_takes_time_to_be_well_again');
	sample({});
	is('fine', 'and_then_is_well');
	for (const [height, fps, picture] of [[0, 0, 'none'], [360, 0, 'stills'],
		[180, 15, 'smaller']]) {
		quality.hear({ reason: 'downlink-rate', down: { line_kbps: 520, height, fps } });
		test.check(quality.line.picture === picture, `leaves_${picture}_of_the_picture`);
	}
	sample({ frames: 0 });
	test.check(quality.line.picture === 'stills', 'a_picture_that_does_not_come_stands_still');
	sample({ frames: 0 });
	sample({ frames: 0 });
	quality.hear({ reason: 'downlink-rate', down: { line_kbps: 520, height: 180, fps: 0 } });
	test.check(quality.line.picture === 'none', 'and_then_is_none');
	sample({ frames: 20 });
	quality.hear({ reason: 'downlink-rate', down: { line_kbps: 520, height: 180, fps: 15 } });
	test.check(quality.line.picture === 'smaller', 'and_one_that_comes_is_one');
	is('downlink-rate', 'the_server_knows_more');
	test.check(quality.line.line_bps === 520_000, 'and_what_the_line_carries');
	sample({ loss_out: 0.2 });
	sample({ loss_out: 0.2 });
	is('downlink-rate', 'its_word_goes_first');
	sample({ loss_out: 0.2 });
	is('uplink-loss', 'until_it_is_old');
	test.check(quality.line.picture === 'smaller', 'and_says_nothing_of_the_picture_then');
	for (let i = 0; i < 100; i++)
		sample({});
	test.check(quality.line.samples.length === 60, 'keeps_two_minutes',
		quality.line.samples.length);
	sample({ received_bytes: 1000 });
	quality.newLine();
	sample({ received_bytes: 250 });
	test.check(quality.summary(10).received_bps === 1000, 'sums_up_over_all_lines',
	    quality.summary(10).received_bps);
	test.check(quality.summary(0).received_bps === 0, 'no_time_no_rate');
}

runTest(30, async (test) => {
	theRoom(test);
	looks(test);
	roomNames(test);
	iceAgain(test);
	soundNack(test);
	thinSound(test);
	await tileMaps(test);
	theLine(test);
	thePicture(test);
});
