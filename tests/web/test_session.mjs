// The client library's patience: what it does when the line, the room or the server goes.
// SPDX-License-Identifier: GPL-3.0-or-later
import { runTest } from '../harness/tap.mjs';
import { fakes } from './fakes.mjs';
import { load } from './modules.mjs';

const { Session } = await load('session.js');

/* A session that has joined; `said` are its phases so far. */
async function joined(options = {}) {
	fakes.reset();
	const session = new Session({ room: 'r', name: 'Ada', ...options });
	const said = [];

	session.addEventListener('phase', ({ detail }) => said.push(
		detail.reason ? `${detail.phase}:${detail.reason}` : detail.phase));
	const join = session.join();
	await fakes.settle();
	fakes.peer().become('connected');
	await join;
	return { session, said };
}

async function joins(test) {
	const { session, said } = await joined();

	test.check(said.join() === 'joining,here', 'joins', said);
	test.check(fakes.requests[0].url === '/v1/rooms/r/join?name=Ada&max=720p' &&
	    fakes.requests[0].headers['Tessera-Resume'] === undefined, 'by_one_request');
	session.leave();
	test.check(said.pop() === 'left' && fakes.peer().state === 'closed' &&
	    fakes.requests.at(-1).method === 'DELETE' &&
	    fakes.requests.at(-1).url === '/v1/sessions/s1', 'and_says_goodbye');
}

async function joinsInVain(test) {
	fakes.reset();
	fakes.answers.push({ status: 503, retry: '7', type: 'busy' });
	const session = new Session({ room: 'r' });
	const error = await session.join().catch((reason) => reason);

	test.check(error.code === 'busy' && error.retry_after_s === 7 && session.phase === 'failed',
	    'a_full_server_says_when_to_come_again');

	fakes.reset();
	const slow = new Session({ room: 'r' });
	const why = slow.join().catch((reason) => reason);
	await fakes.pass(10_100);
	test.check((await why).code === 'media' &&
	    fakes.requests.some(({ method }) => method === 'DELETE'),
	'media_that_does_not_come_is_not_waited_for_and_its_place_given_back');

	fakes.reset();
	fakes.answers.push({ cut: true });
	const dead = await new Session({ room: 'r' }).join().catch((reason) => reason);
	test.check(dead.code === 'unreachable', 'a_dead_server_is_called_so');

	fakes.reset();
	const real = globalThis.RTCPeerConnection;
	delete globalThis.RTCPeerConnection;
	const old = await new Session({ room: 'r' }).join().catch((reason) => reason);
	globalThis.RTCPeerConnection = real;
	test.check(old.code === 'no-webrtc' && old.final && !fakes.requests.length,
	    'without_webrtc_nobody_is_asked');
}

async function leavesWhileJoining(test) {
	fakes.reset();
	const session = new Session({ room: 'r' });
	const why = session.join().catch((reason) => reason);

	session.leave();
	await fakes.settle();
	test.check((await why).code === 'left' && session.phase === 'left' &&
	    fakes.requests.at(-1).method === 'DELETE', 'who_leaves_while_joining_is_gone');
}

async function lineComesBack(test) {
	const { session, said } = await joined();

	fakes.peer().become('disconnected');
	test.check(session.phase === 'reconnecting', 'a_silent_line_is_told');
	await fakes.pass(5000);
	test.check(fakes.joins() === 1, 'and_given_time');
	fakes.peer().become('connected');
	await fakes.pass(20_000);
	test.check(said.slice(2).join() === 'reconnecting:line,here' && fakes.joins() === 1 &&
	    session.summary.interruptions === 1, 'one_that_comes_back_by_itself_is_kept', said);
}

async function lineIsMended(test) {
	const { session } = await joined();
	const peer = fakes.peer();

	peer.become('disconnected');
	await fakes.pass(2900);
	test.check(fakes.asked() === 0, 'a_silent_line_is_given_time');
	await fakes.pass(200);
	const [asked] = fakes.requests.filter(({ method }) => method === 'PATCH').slice(-1);
	test.check(fakes.asked() === 1 && asked.url === '/v1/sessions/s1' &&
	    asked.headers['If-Match'] === '*' &&
	    asked.headers['Content-Type'] === 'application/trickle-ice-sdpfrag' &&
	    asked.body === 'a=group:BUNDLE 0 1\r\nm=audio 9 X 111\r\na=mid:0\r\n' +
	    'a=ice-ufrag:u1\r\na=ice-pwd:p\r\n', 'then_ICE_is_restarted', asked.body);
	test.check(peer.signalingState === 'stable', 'and_answered');
	peer.become('connecting');
	fakes.restarts.push({ cut: true }, { status: 504, type: 'timeout' });
	await fakes.pass(2000);
	test.check(fakes.asked() === 2 && peer.rollbacks === 1 && peer.signalingState === 'stable',
	    'again_after_2_s_and_what_failed_is_taken_back');
	await fakes.pass(2000);
	test.check(fakes.asked() === 3 && peer.rollbacks === 2 && fakes.joins() === 1,
	    'whatever_the_server_says');
	peer.become('connected');
	await fakes.pass(30_000);
	test.check(fakes.asked() === 3 && fakes.joins() === 1 && session.phase === 'here' &&
	    session.summary.interruptions === 1, 'until_the_line_answers');

	peer.become('disconnected');
	await fakes.pass(3100);
	test.check(fakes.asked() === 4, 'the_next_silence_begins_anew');
	peer.become('failed');
	await fakes.settle();
	await fakes.pass(20_000);
	test.check(peer.restarts === 4 && fakes.joins() >= 2, 'a_line_that_failed_is_not_mended');
}

/* Browsers say so only when a check is answered. */
async function mediaComesBack(test) {
	const { session, said } = await joined();
	const peer = fakes.peer();

	peer.packets = 1000;
	peer.become('disconnected');
	await fakes.pass(2500);
	peer.packets += 2;
	await fakes.pass(400);
	test.check(session.phase === 'reconnecting', 'a_packet_or_two_are_not_a_line');
	peer.packets += 15;
	await fakes.pass(400);
	test.check(session.phase === 'here', 'sound_and_picture_are_the_first_to_tell');
	peer.become('connecting');
	peer.become('disconnected');
	test.check(session.phase === 'here' && fakes.asked() === 1,
	    'and_a_restart_meanwhile_is_not_seen');
	await fakes.pass(2100);
	test.check(session.phase === 'reconnecting', 'until_they_end_again');
	peer.packets += 15;
	await fakes.pass(400);
	peer.become('connected');
	const asked = fakes.asked();
	await fakes.pass(30_000);
	test.check(session.phase === 'here' && fakes.asked() === asked && fakes.joins() === 1,
	    'or_it_answers');
	test.check(said.slice(2).join() ===
	    'reconnecting:line,here,reconnecting:line,here', 'and_each_is_told_once', said);
}

async function slowLineIsMended(test) {
	await joined();
	fakes.restarts.push({ takes: 2000 });
	fakes.peer().become('disconnected');
	await fakes.pass(3100);
	await fakes.pass(2000);
	test.check(fakes.asked() === 1, 'a_slow_line_is_given_time');
	await fakes.pass(3700);
	test.check(fakes.asked() === 1, 'to_answer_before_all_begins_anew');
	await fakes.pass(400);
	test.check(fakes.asked() === 2, 'but_not_for_ever');

	await joined();
	fakes.down = true;
	fakes.peer().become('disconnected');
	await fakes.pass(7500);
	test.check(fakes.looks() === 3 && fakes.asked() === 0 && fakes.peer().restarts === 0,
	    'what_may_come_back_is_left_alone_while_nobody_can_be_told');
	fakes.down = false;
	await fakes.pass(2000);
	test.check(fakes.asked() === 1, 'and_mended_when_somebody_can');
}

async function sessionIsForgotten(test) {
	const { session } = await joined();

	fakes.restarts.push({ status: 404, type: 'not-found' });
	fakes.peer().become('disconnected');
	await fakes.pass(3100);
	test.check(fakes.joins() === 2 && fakes.asked() === 1 &&
	    fakes.requests.filter(({ method }) => method === 'POST')[1]
	        .headers['Tessera-Resume'] === 's1',
	'a_session_that_is_gone_is_joined_again_in_place');
	fakes.peer().become('connected');
	await fakes.pass(10_000);
	test.check(session.phase === 'here' && fakes.asked() === 1, 'and_that_is_all');
}

async function lineIsReplaced(test) {
	const { session } = await joined();
	const first = fakes.peer();

	fakes.onjoin = () => fakes.events(0).say('ended', { reason: 'replaced' });
	first.become('disconnected');
	await fakes.pass(24_100);
	test.check(fakes.joins() === 2 && fakes.peer() !== first &&
	    fakes.requests.filter(({ method }) => method === 'POST')[1]
	        .headers['Tessera-Resume'] === 's1', 'one_silent_too_long_is_replaced_in_place');
	test.check(session.phase === 'reconnecting', 'the_end_of_the_old_session_is_none_of_ours');
	const before = fakes.asked();
	await fakes.pass(6100);
	test.check(fakes.asked() === before + 3 && fakes.joins() === 2,
	    'the_new_line_looks_for_a_way_each_2_s');
	fakes.peer().become('connected');
	await fakes.settle();
	test.check(session.phase === 'here' && first.state === 'closed', 'and_then_is_here');
	await fakes.pass(10_000);
	test.check(fakes.asked() === before + 3, 'and_looks_no_more');
}

async function failedLine(test) {
	const { session } = await joined();

	fakes.answers.push({ cut: true }, { cut: true });
	fakes.peer().become('failed');
	await fakes.settle();
	test.check(fakes.joins() === 2, 'a_failed_line_is_replaced_at_once');
	await fakes.pass(350);
	test.check(fakes.joins() === 3, 'again_after_300_ms');
	await fakes.pass(600);
	test.check(fakes.joins() === 3, 'then_more_slowly');
	await fakes.pass(200);
	fakes.peer().become('connected');
	await fakes.settle();
	test.check(fakes.joins() === 4 && session.phase === 'here', 'until_it_holds');
}

async function givesUp(test) {
	const { session, said } = await joined();

	fakes.down = true;
	fakes.peer().become('failed');
	await fakes.pass(59_000);
	test.check(session.phase === 'reconnecting', 'tries_for_a_minute', fakes.joins());
	const looks = fakes.looks();
	test.check(fakes.joins() === 1 && looks > 50 && looks < 65,
	    'by_looking_each_second_whether_the_server_is_there', looks);
	await fakes.pass(10_000);
	test.check(said.at(-1) === 'lost:unreachable', 'and_then_leaves_it_to_the_person');
	await fakes.pass(10_000);
	test.check(fakes.looks() < looks + 5 && fakes.asked() === 0, 'without_looking_on');
	fakes.down = false;
	session.retry();
	await fakes.settle();
	fakes.peer().become('connected');
	await fakes.settle();
	test.check(session.phase === 'here' && session.summary.interruptions === 1,
	    'whose_word_is_heard');
}

async function roomRestarts(test) {
	const { session, said } = await joined();
	const first = fakes.peer();

	fakes.answers.push({ status: 503, type: 'room-failed' },
	    { status: 404, type: 'not-found' });
	fakes.events(0).say('ended', { reason: 'room-failed' });
	await fakes.settle();
	test.check(said.at(-1) === 'reconnecting:room-failed' && first.state === 'connected',
	    'a_room_that_failed_is_joined_again');
	await fakes.pass(350);
	test.check(fakes.joins() === 3 && session.phase === 'reconnecting',
	    'a_line_to_a_dead_room_is_not_taken_for_a_good_one');
	await fakes.pass(800);
	const last = fakes.requests.filter(({ method }) => method === 'POST').at(-1);
	test.check(fakes.joins() === 4 && last.headers['Tessera-Resume'] === undefined,
	    'a_place_that_is_gone_is_not_asked_for_again');
	fakes.peer().become('connected');
	await fakes.settle();
	test.check(session.phase === 'here' && first.state === 'closed', 'and_all_is_well');
}

async function roomIsClosed(test) {
	const { said } = await joined();

	fakes.events(0).say('ended', { reason: 'room-closed' });
	await fakes.pass(5000);
	test.check(said.at(-1) === 'ended:room-closed' && fakes.joins() === 1,
	    'a_room_that_was_closed_is_left_alone');

	const late = await joined();
	fakes.answers.push({ status: 503, type: 'room-failed', retry: '57' });
	fakes.events(0).say('ended', { reason: 'room-failed' });
	await fakes.pass(5000);
	test.check(late.said.at(-1) === 'ended:room-closed' && fakes.joins() === 2,
	    'also_by_who_finds_it_closed_on_the_way_back');

	fakes.reset();
	fakes.answers.push({ status: 503, type: 'room-failed', retry: '57' });
	const session = new Session({ room: 'r' });
	const error = await session.join().catch((reason) => reason);
	test.check(error.code === 'room-closed' && error.retry_after_s === 57 &&
	    session.phase === 'failed', 'and_who_comes_then_is_told_when_to_come_again');
}

async function serverRestarts(test) {
	const { session } = await joined();

	fakes.events(0).say('ended', { reason: 'shutdown' });
	await fakes.pass(1000);
	test.check(fakes.joins() === 1, 'a_server_that_ends_is_let_end');
	await fakes.pass(1000);
	fakes.peer().become('connected');
	await fakes.settle();
	test.check(fakes.joins() === 2 && session.phase === 'here', 'and_joined_again');

	const leaver = await joined();
	fakes.events(0).say('ended', { reason: 'shutdown' });
	leaver.session.leave();
	await fakes.pass(5000);
	test.check(fakes.joins() === 1 && leaver.session.phase === 'left',
	    'but_not_by_who_leaves_meanwhile');
}

async function endedByOthers(test) {
	const { said } = await joined();

	fakes.events(0).say('ended', { reason: 'replaced' });
	await fakes.pass(5000);
	test.check(said.at(-1) === 'ended:replaced' && fakes.joins() === 1,
	    'who_is_replaced_elsewhere_does_not_come_back');

	const gone = await joined();
	fakes.events(0).die();
	await fakes.settle();
	test.check(gone.session.phase === 'reconnecting' && fakes.joins() === 2,
	    'who_is_forgotten_by_the_server_does');
}

async function devices(test) {
	const { session } = await joined();
	const camera = { kind: 'video', enabled: true, getSettings: () => ({ height: 720 }) };
	const directions = () => fakes.peer().transceivers.map(({ direction }) => direction).join();

	test.check(directions() === 'recvonly,recvonly', 'who_has_no_devices_still_sees_and_hears');
	const change = session.setTrack('video', camera);
	await fakes.settle();
	test.check(fakes.joins() === 2 && directions() === 'recvonly,sendrecv' &&
	    session.phase === 'here', 'a_camera_that_comes_later_makes_a_new_line_in_place');
	fakes.peer().become('connected');
	await change;
	test.check(session.summary.interruptions === 0, 'which_is_no_interruption');
	await session.setCamera(false);
	test.check(fakes.peer().transceivers[1].sender.encodings[0].active === false &&
	    fakes.requests.at(-1).body === '{"camera":false}',
	'a_camera_that_is_off_sends_nothing');

	fakes.reset();
	fakes.peer(); /* none yet */
	const later = new Session({ room: 'r', mayVideo: true });
	const join = later.join();
	await fakes.settle();
	test.check(directions() === 'recvonly,sendrecv', 'a_camera_that_may_come_is_made_room_for');
	fakes.peer().become('connected');
	await join;
	test.check(fakes.requests.some(({ body }) => body === '{"camera":false}'),
	    'and_is_said_to_be_off');
	await later.setTrack('video', camera);
	test.check(fakes.joins() === 1, 'it_needs_no_new_line_then');
}

async function sendsWhatIsShown(test) {
	const camera = { kind: 'video', enabled: true, getSettings: () => ({ height: 720 }) };
	await joined({ video: camera });
	const encoding = () => fakes.peer().transceivers[1].sender.encodings[0];
	const tile = (h) => ({ version: 1, rtp: 0, canvas: [1280, 720],
		tiles: [{ id: 'me', x: 0, y: 0, w: h, h }] });

	fakes.events(0).say('tilemap', tile(0.5));
	await fakes.settle();
	test.check(encoding().scaleResolutionDownBy === 2 && encoding().maxBitrate === 600_000,
	    'sends_no_larger_picture_than_is_shown');
	fakes.events(0).say('tilemap', tile(1));
	await fakes.settle();
	test.check(encoding().scaleResolutionDownBy === 1 && encoding().maxBitrate === 1_700_000,
	    'and_a_large_one_when_it_is');
}

async function thinLine(test) {
	const camera = { kind: 'video', enabled: true, getSettings: () => ({ height: 720 }) };
	const { session } = await joined({ video: camera });
	const video = () => fakes.peer().transceivers[1].sender.encodings[0];
	const quality = async (wanted_kbps, line_kbps) => {
		fakes.events(0).say('quality', { reason: 'uplink-rate', words: '', rtt_ms: 0,
			up: { kbps: 0, loss: 0, wanted_kbps, line_kbps },
			down: { kbps: 0, loss: 0, height: 720, fps: 25, line_kbps: 0 } });
		await fakes.settle();
	};
	const thin = () => /^a=ptime:60$/m.test(fakes.peer().remote);

	fakes.events(0).say('tilemap', { version: 1, rtp: 0, canvas: [1280, 720],
		tiles: [{ id: 'me', x: 0, y: 0, w: 1, h: 1 }] });
	await quality(2500, 0);
	test.check(!thin() && video().active && video().maxBitrate === 1_700_000,
	    'a_good_line_carries_all');
	await quality(0, 62);
	test.check(thin() && !video().active && fakes.joins() === 1,
	    'on_a_thin_one_the_voice_goes_first', fakes.peer().remote);
	await session.setCamera(false);
	await session.setCamera(true);
	test.check(!video().active, 'whatever_the_camera_does');
	fakes.peer().become('disconnected');
	await fakes.pass(3100);
	test.check(fakes.peer().restarts === 1 && thin(), 'and_through_a_restart_of_its_ways');
	fakes.peer().become('connected');
	await quality(45, 80);
	test.check(thin() && video().active && video().maxBitrate === 45_000 &&
	    video().scaleResolutionDownBy === 6, 'what_is_left_is_for_a_small_picture',
	JSON.stringify(video()));
	await quality(2500, 0);
	test.check(!thin() && video().active && video().scaleResolutionDownBy === 1,
	    'all_is_back_when_the_line_is');
	await quality(0, 0);
	test.check(video().active, 'no_word_of_pictures_is_not_a_no');
}

runTest(60, async (test) => {
	for (const part of [joins, joinsInVain, leavesWhileJoining, lineComesBack, lineIsMended,
		mediaComesBack, slowLineIsMended, sessionIsForgotten, lineIsReplaced,
		failedLine, givesUp, roomRestarts, roomIsClosed, serverRestarts,
		endedByOthers, devices, sendsWhatIsShown, thinLine])
		await part(test);
});
