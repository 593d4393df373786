/*
 * What a room survives, and how little the others notice of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abuse_stage.h"
#include "config.h"
#include "util/clock.h"

#define SECOND  1000000
#ifdef WITH_SANITIZER			/* they keep what was freed */
#define GROWTH  (1L << 40)
#else
#define GROWTH  (64L << 20)
#endif
#define ATTACK  20000			/* packets of each kind */

/* One who talks, one who listens and watches; the third is of the test. */
static struct client *
two_at_peace(struct stage *stage)
{
	struct client *listener = stage_join(stage, 1, IPC_JOIN_WATCH);

	stage_join(stage, 0, IPC_JOIN_BOTH)->talks = true;
	STAGE_WAIT(stage, listener->sounds > 20 && listener->pictures > 2);
	return listener;
}

/*
 * Sound came without a hole in its numbers, and most of the fifty a second:
 * how even depends on what else this machine does, so that is only told.
 */
static void
sound_went_on(const struct client *listener, unsigned before, int64_t since_us)
{
	const int64_t  span_us = clock_monotonic_us() - since_us;
	const unsigned came = listener->sounds - before;

	print_message("sound: %u packets in %d ms, longest gap %d ms\n", came,
	    (int)(span_us / 1000), (int)(listener->sound_gap_us / 1000));
	assert_int_equal(listener->sounds_missing, 0);
	assert_true(came * 2 >= span_us / 20000);
}

/* Key frames that say they are huge, as a decoder bomb would. */
static void
send_claim(struct client *c, uint16_t width, uint16_t height)
{
	uint8_t data[40] = { 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a };

	data[6] = (uint8_t)width;
	data[7] = (uint8_t)(width >> 8);
	data[8] = (uint8_t)height;
	data[9] = (uint8_t)(height >> 8);
	client_send_coded(c, data, sizeof(data));
}

static void
size_claims_cost_no_memory_and_no_sound(void **state)
{
	static const uint16_t sizes[][2] = {
		{ 16383, 16383 }, { 16383, 1 }, { 1, 16383 }, { 1921, 1088 },
		{ 8, 8 }, { 0, 0 }, { 1920, 1088 }, { 1088, 1920 },
		{ 1904, 1072 }, { 1888, 1056 },
	};
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *bomber = stage_join(stage, 2, IPC_JOIN_BOTH);
	const long     before = stage_memory();
	const unsigned heard = listener->sounds;
	const int64_t  since_us = clock_monotonic_us();
	long           most = 0;

	listener->sound_gap_us = 0;
	for (unsigned i = 0; i < 200; i++) {
		send_claim(bomber, sizes[i % 10][0], sizes[i % 10][1]);
		stage_pass(stage, 15000);
		if (stage_memory() - before > most)
			most = stage_memory() - before;
	}
	print_message("memory: %ld KiB more\n", most / 1024);
	assert_true(most < GROWTH);
	sound_went_on(listener, heard, since_us);
	assert_int_equal(stage->gone, 0);
}

/* Another size with each frame: after a few nothing of it is decoded. */
static void
flips_of_size_end_in_a_pause(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *flipper = stage_join(stage, 2, IPC_JOIN_BOTH);
	const long     before = stage_memory();
	const unsigned heard = listener->sounds;
	const int64_t  since_us = clock_monotonic_us();
	uint64_t       decoded;
	unsigned       plis;

	for (unsigned i = 0; i < 30; i++) {
		client_send_key(flipper, i % 2 ? 1280 : 640, 360);
		stage_pass(stage, 60000);
	}
	plis = flipper->plis;
	stage_pass(stage, SECOND);
	decoded = stage->stats.frames_decoded;
	assert_in_range(decoded, 3, 8);
	for (unsigned i = 0; i < 20; i++) {
		client_send_key(flipper, 640, 360);
		stage_pass(stage, 100000);
	}
	assert_int_equal(stage->stats.frames_decoded, decoded);
	/* He is not asked for what would not be decoded. */
	assert_int_equal(flipper->plis, plis);
	print_message("memory: %ld KiB more\n",
	    (stage_memory() - before) / 1024);
	assert_true(stage_memory() - before < GROWTH);
	sound_went_on(listener, heard, since_us);
	/* After the pause a key frame is asked for, and he is seen again. */
	STAGE_WAIT(stage, flipper->plis > plis);
	client_send_key(flipper, 640, 360);
	STAGE_WAIT(stage, stage->stats.frames_decoded > decoded);
}

static void
a_storm_of_plis_makes_one_key_frame_a_second(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *storm = stage_join(stage, 2, IPC_JOIN_WATCH);
	unsigned       pictures;
	uint64_t       keys;
	int64_t        since_us;

	STAGE_WAIT(stage, storm->pictures > 2);
	stage_pass(stage, 1500000);
	keys = stage->stats.keyframes_encoded;
	pictures = listener->pictures;
	since_us = clock_monotonic_us();
	for (unsigned i = 0; i < 150; i++) {
		client_send_plis(storm, 20);
		stage_pass(stage, 20000);
	}
	stage_pass(stage, SECOND);
	print_message("%u key frames in %d ms, %u asked for\n",
	    (unsigned)(stage->stats.keyframes_encoded - keys),
	    (int)((clock_monotonic_us() - since_us) / 1000),
	    (unsigned)stage->stats.keyframes_asked);
	assert_true((int64_t)(stage->stats.keyframes_encoded - keys) <=
	    (clock_monotonic_us() - since_us) / SECOND + 1);
	/* An unchanged mosaic is sent five times a second, storm or not. */
	assert_true(listener->pictures - pictures >= 12);
	assert_int_equal(stage->gone, 0);
}

static void
a_storm_of_nacks_is_answered_within_the_budget(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *storm = stage_join(stage, 2, IPC_JOIN_WATCH);
	const unsigned heard = listener->sounds;
	const int64_t  since_us = clock_monotonic_us();

	STAGE_WAIT(stage, storm->pictures > 2);
	for (unsigned i = 0; i < 50; i++) {
		client_send_nacks(storm, 20);
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
	const unsigned heard = listener->sounds;
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

/* Each at about 50 000 a second, from the very address of the victim. */
static void
forged_and_replayed_packets_do_not_end_a_call(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *victim = &stage->clients[0];
	const char    *asked = getenv("TESSERA_ATTACK");
	const unsigned count = asked ? (unsigned)strtoul(asked, NULL, 10) :
	    ATTACK;
	uint64_t       cpu_us, bad;
	unsigned       heard, sent = 0;
	int64_t        since_us;

	for (unsigned kind = 0; kind < 2; kind++) {
		stage_pass(stage, 1100000);
		bad = stage->stats.packets_bad;
		cpu_us = stage->stats.cpu_net_us;
		heard = listener->sounds;
		listener->sound_gap_us = 0;
		since_us = clock_monotonic_us();
		for (sent = 0; sent < count; sent++) {
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
				stage_pass(stage, 2000);
		}
		sound_went_on(listener, heard, since_us);
		stage_pass(stage, 1100000);
		print_message("%s: %u sent, %u refused, %d ms, %.2f us of "
		    "the net thread each\n", kind ? "replayed" : "forged",
		    sent, (unsigned)(stage->stats.packets_bad - bad),
		    (int)((clock_monotonic_us() - since_us) / 1000),
		    (double)(stage->stats.cpu_net_us - cpu_us) / sent);
		assert_true(stage->stats.packets_bad - bad > sent / 2);
	}
	/* He is still heard, and hears. */
	heard = victim->sounds;
	STAGE_WAIT(stage, victim->sounds > heard + 50);
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

	assert_false(stage_ask(stage, 0, "v=0\r\nthis is no offer\r\n"));
	assert_int_equal(stage->gone, 0);
	heard = listener->sounds;
	STAGE_WAIT(stage, listener->sounds > heard + 25);
	assert_int_equal(stage->clients[0].ended, 0);
}

static void
more_packets_than_one_may_send_are_dropped(void **state)
{
	struct stage  *stage = *state;
	struct client *listener = two_at_peace(stage);
	struct client *flood = stage_join(stage, 2, IPC_JOIN_SEND);
	const uint8_t  nothing[900] = { 0x01 };
	const unsigned heard = listener->sounds;
	const int64_t  since_us = clock_monotonic_us();

	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 80; k++)
			client_send_coded(flood, nothing, sizeof(nothing));
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
	const unsigned heard = listener->sounds;
	const int64_t  since_us = clock_monotonic_us();

	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 30; k++) {
			client_send_coded(sender, key, sizeof(key));
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

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up,	\
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
