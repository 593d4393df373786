/*
 * What a room survives, and how little the others notice of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "../net/loopback.h"
#include "../video/streams.h"
#include "config.h"
#include "net/stun.h"
#include "stage.h"
#include "util/clock.h"

#define SECOND  1000000
#ifdef WITH_SANITIZER			/* they keep what was freed */
#define GROWTH  (1L << 40)
#else
#define GROWTH  (64L << 20)
#endif
#define RENDITION_BPS 100000
#define ATTACK  5000			/* packets of each kind */

/* One who talks, one who listens and watches; the third is of the test. */
static struct client *
two_at_peace(struct stage *stage)
{
	struct client *listener = stage_join(stage, 1, IPC_JOIN_WATCH);

	stage_join(stage, 0, IPC_JOIN_BOTH)->talks = true;
	STAGE_WAIT(stage, listener->sound.packets > 20 && listener->pictures > 2);
	return listener;
}

/*
 * Sound came without a packet missing or a hole in its time, and most of the
 * fifty a second: how even depends on what else this machine does, so that is
 * only told.
 */
static void
sound_went_on(const struct client *listener, unsigned before, int64_t since_us)
{
	const int64_t  span_us = clock_monotonic_us() - since_us;
	const unsigned came = listener->sound.packets - before;

	print_message("sound: %u packets in %d ms, longest gap %d ms\n", came,
	    (int)(span_us / 1000), (int)(listener->sound.gap_us / 1000));
	assert_int_equal(listener->sound.missing, 0);
	assert_int_equal(listener->sound.holes, 0);
	assert_true(came * 2 >= span_us / 20000);
}

/* ---- decoder bombs -------------------------------------------------------- */

/* Key frames that say they are huge, and hold nothing. */
static size_t
claim(uint8_t *out, enum video_codec codec, unsigned width, unsigned height)
{
	static const uint8_t vp8[6] = { 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a };
	struct bits          b = { .count = 0 };
	size_t               len;

	switch (codec) {
	case VIDEO_VP8:
		memset(out, 0, 40);
		memcpy(out, vp8, sizeof(vp8));
		out[6] = (uint8_t)width;
		out[7] = (uint8_t)(width >> 8);
		out[8] = (uint8_t)height;
		out[9] = (uint8_t)(height >> 8);
		return 40;
	case VIDEO_H264:
		len = h264_sps(out, (width + 15) / 16, (height + 15) / 16, 1,
		    0, 0, -1);
		memcpy(out + len, "\0\0\1\x68\xce\x38\x80"
		    "\0\0\1\x65\x88\x80", 13);
		return len + 13;
	case VIDEO_VP9:
		bits_put(&b, 0x82, 8);		/* profile 0, a key frame */
		bits_put(&b, 0x498342, 24);
		bits_put(&b, 2, 4);		/* BT.709, limited range */
		bits_put(&b, width - 1, 16);
		bits_put(&b, height - 1, 16);
		bits_put(&b, 0, 200);
		memcpy(out, b.bytes, b.count / 8);
		return b.count / 8;
	case VIDEO_AV1:
		len = av1_sequence(out, width, height);
		memcpy(out + len, "\x32\x02\x10\x00", 4);
		return len + 4;
	}
	return 0;
}

static void
size_claims_cost_no_memory_and_no_sound(void **state)
{
	static const uint16_t sizes[][2] = {
		{ 16383, 16383 }, { 16383, 16 }, { 16, 16383 }, { 1921, 1088 },
		{ 8, 8 }, { 1, 1 }, { 1920, 1088 }, { 1088, 1920 },
		{ 1904, 1072 }, { 1888, 1056 },
	};
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *bomber = stage_join(stage, 2, IPC_JOIN_SEND);
	const long     before = stage_memory();
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();
	uint8_t        data[512];
	long           most = 0;

	listener->sound.gap_us = 0;
	for (unsigned i = 0; i < 400; i++) {
		/* A hundred of each codec, then all in turn. */
		const enum video_codec codec = (enum video_codec)(i < 200 ?
		    i / 50 : i % VIDEO_CODECS);

		client_send_coded(bomber, codec, data, claim(data, codec,
		    sizes[i / 4 % 10][0], sizes[i / 4 % 10][1]), -1);
		stage_pass(stage, 10000);
		if (stage_memory() - before > most)
			most = stage_memory() - before;
	}
	print_message("memory: %ld KiB more\n", most / 1024);
	assert_true(most < GROWTH);
	sound_went_on(listener, heard, since_us);
	assert_int_equal(stage->gone, 0);
	/* Those that may be that large are pictures, until the budget ends. */
	stage_pass(stage, SECOND);
	assert_true(stage->stats.packets_in > 400);
	assert_in_range(stage->stats.frames_decoded, 0, 40);
}

/* Two key frames of one codec that differ in size. */
struct pair {
	enum video_codec codec;
	size_t           len[2];
	uint8_t          data[2][1 << 16];
};

static void
pair_encode(struct pair *pair, enum video_codec codec)
{
	for (int i = 0; i < 2; i++)
		pair->len[i] = client_code_key(pair->data[i],
		    sizeof(pair->data[i]), codec, i ? 1280 : 640, 360);
	pair->codec = codec;
}

static void
pair_load(struct pair *pair, enum video_codec codec, const char *one,
    const char *other)
{
	for (int i = 0; i < 2; i++) {
		struct stream s;

		stream_load(&s, i ? other : one);
		assert_true(s.frames[0].len <= sizeof(pair->data[i]));
		memcpy(pair->data[i], s.frames[0].data, s.frames[0].len);
		pair->len[i] = s.frames[0].len;
		stream_clear(&s);
	}
	pair->codec = codec;
}

static void
pair_send(const struct pair *pair, struct client *c, unsigned which)
{
	client_send_coded(c, pair->codec, pair->data[which],
	    pair->len[which], -1);
}

/* All of them send their next picture. */
static void
flip(struct stage *stage, const struct pair *pairs, unsigned which,
    int64_t pass_us)
{
	for (unsigned i = 0; i < VIDEO_CODECS; i++)
		pair_send(&pairs[i], &stage->clients[2 + i], which);
	stage_pass(stage, pass_us);
}

static unsigned
plis_of(const struct stage *stage)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < VIDEO_CODECS; i++)
		sum += stage->clients[2 + i].plis;
	return sum;
}

/*
 * Four people, each with a codec and another size with each frame: after a few
 * nothing of it is decoded, nor asked for, until the pause is over.
 */
static void
flips_of_size_end_in_a_pause(void **state)
{
	struct stage  *stage = *state;
	struct pair   *pairs = calloc(VIDEO_CODECS, sizeof(*pairs));
	struct client *listener;
	int64_t        since_us;
	uint64_t       decoded;
	unsigned       plis, heard;
	long           before;

	assert_non_null(pairs);
	pair_encode(&pairs[0], VIDEO_VP8);
	pair_encode(&pairs[1], VIDEO_H264);
	pair_load(&pairs[2], VIDEO_VP9, "vp9.ivf", "vp9_resized.ivf");
	pair_load(&pairs[3], VIDEO_AV1, "av1.ivf", "av1_wide.ivf");
	/* While this thread encodes and joins it passes nothing on. */
	listener = two_at_peace(stage);
	for (unsigned i = 0; i < VIDEO_CODECS; i++)
		stage_join(stage, 2 + i, IPC_JOIN_SEND);
	before = stage_memory();
	since_us = clock_monotonic_us();
	heard = listener->sound.packets;
	listener->sound.gap_us = 0;
	for (unsigned i = 0; i < 30; i++)
		flip(stage, pairs, i % 2, 60000);
	plis = plis_of(stage);
	stage_pass(stage, SECOND);
	decoded = stage->stats.frames_decoded;
	assert_in_range(decoded, 3 * VIDEO_CODECS, 8 * VIDEO_CODECS);
	for (unsigned i = 0; i < 20; i++)
		flip(stage, pairs, 0, 100000);
	assert_int_equal(stage->stats.frames_decoded, decoded);
	/* They are not asked for what would not be decoded. */
	assert_int_equal(plis_of(stage), plis);
	print_message("memory: %ld KiB more\n",
	    (stage_memory() - before) / 1024);
	assert_true(stage_memory() - before < GROWTH);
	sound_went_on(listener, heard, since_us);
	for (unsigned i = 0; i < VIDEO_CODECS; i++) {
		struct client *c = &stage->clients[2 + i];

		STAGE_WAIT(stage, c->plis > 0);
		decoded = stage->stats.frames_decoded;
		pair_send(&pairs[i], c, 0);
		STAGE_WAIT(stage, stage->stats.frames_decoded > decoded);
	}
	free(pairs);
}

/* ---- storms --------------------------------------------------------------- */

/* Bits a second of what came since then, by the time of the stream itself. */
static unsigned
rate_since(const struct client *c, const struct heard *then)
{
	return (unsigned)((c->video.bytes - then->bytes) * 8 * 90000 /
	    (c->video.time - then->time));
}

/* A picture that moves, for so long, in the middle of `plis` each 20 ms. */
static void
storm(struct stage *stage, struct client *c, unsigned plis, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		if (i % 3 == 0)
			client_send_picture(&stage->clients[0], i == 0, -1);
		client_send_plis(c, plis);
		stage_pass(stage, 20000);
	}
}

static void
a_storm_of_plis_makes_one_key_frame_a_second(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *other = stage_join(stage, 2, IPC_JOIN_WATCH);
	struct heard   then;
	unsigned       calm_bps, storm_bps;
	uint64_t       keys;
	int64_t        since_us;

	STAGE_WAIT(stage, other->pictures > 2);
	storm(stage, other, 0, 100);
	then = listener->video;
	storm(stage, other, 0, 250);
	calm_bps = rate_since(listener, &then);
	stage_pass(stage, 1100000);
	keys = stage->stats.keyframes_encoded;
	then = listener->video;
	since_us = clock_monotonic_us();
	storm(stage, other, 20, 250);
	storm_bps = rate_since(listener, &then);
	stage_pass(stage, 1100000);
	print_message("%u key frames in %d ms, %u asked for; %u bit/s, %u "
	    "before\n", (unsigned)(stage->stats.keyframes_encoded - keys),
	    (int)((clock_monotonic_us() - since_us) / 1000),
	    (unsigned)stage->stats.keyframes_asked, storm_bps, calm_bps);
	assert_in_range(stage->stats.keyframes_encoded - keys, 3,
	    (clock_monotonic_us() - since_us) / SECOND + 1);
	/* How much less comes on a machine that is busy is only told. */
	assert_in_range(storm_bps, 1, RENDITION_BPS * 5 / 4);
	assert_int_equal(listener->video.missing, 0);
	assert_int_equal(stage->gone, 0);
}

static void
a_storm_of_nacks_is_answered_within_the_budget(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *other = stage_join(stage, 2, IPC_JOIN_WATCH);
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();

	STAGE_WAIT(stage, other->pictures > 2);
	for (unsigned i = 0; i < 50; i++) {
		client_send_nacks(other, 20);
		stage_pass(stage, 40000);
	}
	stage_pass(stage, SECOND);
	print_message("%u asked for, %u sent again\n",
	    (unsigned)stage->stats.nacks_in, (unsigned)stage->stats.resent);
	assert_true(stage->stats.nacks_in > 10000);
	assert_in_range(stage->stats.resent, 1, 300);
	sound_went_on(listener, heard, since_us);
}

/* Time stamps and sequences at random, of sound and picture. */
static void
jumps_of_all_counters_are_survived(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *jumper = stage_join(stage, 2, IPC_JOIN_BOTH);
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();
	uint32_t       chance = 1;
	uint64_t       decoded;

	jumper->talks = true;
	for (unsigned i = 0; i < 100; i++) {
		chance = chance * 1664525 + 1013904223;
		jumper->timestamp += chance;
		jumper->voice_time += chance ^ 0x55555555;
		/* SRTP would not follow further than half of its numbers. */
		jumper->sequence = (uint16_t)(jumper->sequence +
		    (chance >> 17) % 20000);
		jumper->voice_sequence = (uint16_t)(jumper->voice_sequence +
		    (chance >> 16) % 20000);
		client_send_key(jumper, 160, 90);
		stage_pass(stage, 20000);
	}
	sound_went_on(listener, heard, since_us);
	stage_pass(stage, SECOND);
	decoded = stage->stats.frames_decoded;
	for (unsigned i = 0; i < 20; i++) {
		client_send_key(jumper, 160, 90);
		stage_pass(stage, 60000);
	}
	STAGE_WAIT(stage, stage->stats.frames_decoded > decoded + 5);
	assert_int_equal(stage->gone, 0);
}

/*
 * From the very address of the victim. tests/integration/test_attack.mjs does
 * it by another process, at a rate.
 */
static void
forged_and_replayed_packets_do_not_end_a_call(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *victim = &stage->clients[0];
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();
	uint64_t       bad;
	unsigned       before;

	for (unsigned kind = 0; kind < 2; kind++) {
		stage_pass(stage, 1100000);
		bad = stage->stats.packets_bad;
		for (unsigned sent = 0; sent < ATTACK; sent++) {
			const struct kept *k = &victim->kept[sent %
			    (victim->kept_count < KEPT_MAX ?
			    victim->kept_count : KEPT_MAX)];
			uint8_t bytes[sizeof(k->bytes)];

			memcpy(bytes, k->bytes, k->len);
			if (kind == 0) {	/* a new packet, wrong tag */
				bytes[3] = (uint8_t)sent;
				bytes[k->len - 1] ^= 0x5a;
			}
			client_forge(victim, bytes, k->len);
			if (sent % 100 == 99)
				stage_pass(stage, 4000);
		}
		STAGE_WAIT(stage, stage->stats.packets_bad - bad > ATTACK / 2);
	}
	sound_went_on(listener, heard, since_us);
	/* He is still heard, and hears. */
	before = victim->sound.packets;
	STAGE_WAIT(stage, victim->sound.packets > before + 50);
	assert_int_equal(stage->gone + victim->ended, 0);
}

static void
who_switched_off_is_neither_heard_nor_decoded(void **state)
{
	struct stage  *stage = *state;
	struct client *talker;
	uint64_t       decoded, encoders;

	two_at_peace(stage);
	talker = &stage->clients[0];
	client_send_key(talker, 320, 180);
	STAGE_WAIT(stage, stage->stats.frames_decoded == 1);
	/* He is heard, so he has an encoder of his own beside the shared. */
	STAGE_WAIT(stage, stage->stats.audio_encoders == 2);
	encoders = stage->stats.audio_encoders;
	decoded = stage->stats.frames_decoded;
	stage_patch(stage, 0, false, false);
	STAGE_WAIT(stage, stage->stats.audio_encoders < encoders);
	for (unsigned i = 0; i < 20; i++) {
		client_send_key(talker, 320, 180);
		stage_pass(stage, 60000);
	}
	assert_int_equal(stage->stats.frames_decoded, decoded);
	stage_patch(stage, 0, true, true);
	STAGE_WAIT(stage, talker->plis > 0);
	client_send_key(talker, 320, 180);
	STAGE_WAIT(stage, stage->stats.frames_decoded > decoded &&
	    stage->stats.audio_encoders == encoders);
}

static void
who_cannot_come_back_stays_as_he_is(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	unsigned       heard;

	assert_false(stage_ask(stage, 0, IPC_JOIN_BOTH,
	    "v=0\r\nthis is no offer\r\n"));
	assert_int_equal(stage->gone, 0);
	heard = listener->sound.packets;
	STAGE_WAIT(stage, listener->sound.packets > heard + 25);
	assert_int_equal(stage->clients[0].ended, 0);
}

static void
more_packets_than_one_may_send_are_dropped(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *flood = stage_join(stage, 2, IPC_JOIN_SEND);
	const uint8_t  nothing[900] = { 0x01 };
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();

	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 80; k++)
			client_send_coded(flood, VIDEO_VP8,
			    nothing, sizeof(nothing), -1);
		stage_pass(stage, 20000);
	}
	sound_went_on(listener, heard, since_us);
	stage_pass(stage, SECOND);
	print_message("%u packets dropped\n",
	    (unsigned)stage->stats.packets_dropped);
	assert_true(stage->stats.packets_dropped > 1000);
	assert_int_equal(stage->gone, 0);
}

/* Two of three packets never come: nothing completes, and little is kept. */
static void
what_never_completes_is_kept_within_bounds(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *sender = stage_join(stage, 2, IPC_JOIN_SEND);
	const long     before = stage_memory();
	const uint8_t  key[1000] = { 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 64,
		1, 180, 0 };
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();

	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 30; k++) {
			client_send_coded(sender, VIDEO_VP8, key,
			    sizeof(key), -1);
			sender->sequence = (uint16_t)(sender->sequence + 2);
		}
		stage_pass(stage, 20000);
	}
	print_message("memory: %ld KiB more\n",
	    (stage_memory() - before) / 1024);
	assert_true(stage_memory() - before < GROWTH / 8);
	sound_went_on(listener, heard, since_us);
	assert_int_equal(stage->gone, 0);
}

/* Each move is worth a line, but tesserad ends a room that says too much. */
static void
says_little_of_one_who_moves_all_the_time(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *mover = stage_join(stage, 2, IPC_JOIN_SEND);
	const int      fds[2] = { loopback_socket(AF_INET),
		loopback_socket(AF_INET) };
	const struct sockaddr_in room = { .sin_family = AF_INET,
		.sin_port = htons(stage->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const unsigned heard = listener->sound.packets;
	const int64_t  since_us = clock_monotonic_us();
	uint8_t        check[STUN_MESSAGE_MAX];
	uint8_t        transaction[STUN_TRANSACTION_LEN] = { 0 };
	char           name[300];

	stage->words = 0;
	snprintf(name, sizeof(name), "%s:peer", mover->answered.ufrag);
	for (unsigned i = 0; i < ATTACK; i++) {
		const size_t len = stun_write_request(check, sizeof(check),
		    transaction, name, mover->answered.pwd, 1, 1, true);

		transaction[i % STUN_TRANSACTION_LEN]++;
		assert_int_equal(sendto(fds[i % 2], check, len, 0,
		    (const struct sockaddr *)&room, sizeof(room)), len);
		if (i % 32 == 31)
			stage_pass(stage, 1000);
	}
	print_message("%u moves: %u lines\n", ATTACK, stage->words);
	assert_true(stage->words > 10);
	assert_true(stage->words <= 250 +
	    120 * ((clock_monotonic_us() - since_us) / SECOND));
	close(fds[0]);
	close(fds[1]);
	sound_went_on(listener, heard, since_us);
	assert_int_equal(stage->gone, 0);
}

/* Who is away gives way in a full room, but to nobody who cannot come in. */
static void
a_wrong_offer_puts_nobody_out(void **state)
{
	struct stage  *stage = *state;
	struct client *silent = stage_join(stage, 0, IPC_JOIN_SEND);

	stage_join(stage, 1, IPC_JOIN_SEND)->talks = true;
	event_del(silent->from_client);
	STAGE_WAIT(stage, stage->away == 1);
	assert_false(stage_ask(stage, 2, IPC_JOIN_SEND, "v=0\r\n"));
	stage_pass(stage, 100000);
	assert_int_equal(stage->gone, 0);
	stage_join(stage, 2, IPC_JOIN_SEND);
	assert_int_equal(stage->gone, 1);
}

static int
set_up_for_two(void **state)
{
	return stage_set_up_for(state, RENDITION_BPS, 2);
}

/* So few bits that the encoder needs all of them. */
static int
set_up(void **state)
{
	return stage_set_up_at(state, RENDITION_BPS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up,	\
	stage_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(size_claims_cost_no_memory_and_no_sound),
		TEST(flips_of_size_end_in_a_pause),
		TEST(a_storm_of_plis_makes_one_key_frame_a_second),
		TEST(a_storm_of_nacks_is_answered_within_the_budget),
		TEST(jumps_of_all_counters_are_survived),
		TEST(forged_and_replayed_packets_do_not_end_a_call),
		TEST(who_switched_off_is_neither_heard_nor_decoded),
		TEST(who_cannot_come_back_stays_as_he_is),
		TEST(more_packets_than_one_may_send_are_dropped),
		TEST(what_never_completes_is_kept_within_bounds),
		TEST(says_little_of_one_who_moves_all_the_time),
		cmocka_unit_test_setup_teardown(a_wrong_offer_puts_nobody_out,
		    set_up_for_two, stage_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
