/*
 * The jitter buffer, verdict by verdict.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "chance.h"
#include "rtp/jitter.h"

#define RATE 48000
#define FRAME 960
#define FRAME_MS 20
#define START_MS (JITTER_DELAY_START_US / 1000)

static struct packet_pool *pool;
static struct jitter      *jitter;
static unsigned            out;		/* packets not in the pool */

static bool
push_full(uint16_t sequence, uint32_t timestamp, uint32_t duration,
    int64_t arrival_us)
{
	struct packet *p = packet_new(pool);

	assert_non_null(p);
	p->arrival_us = arrival_us;
	memcpy(p->bytes, &sequence, sizeof(sequence));
	out++;
	if (jitter_push(jitter, p, sequence, timestamp, duration))
		return true;
	packet_free(&p);
	out--;
	return false;
}

/* Packet `number` of an even stream, on its way `late_ms` too long. */
static bool
push(unsigned number, int64_t late_ms)
{
	return push_full((uint16_t)number, number * FRAME, FRAME,
	    ((int64_t)number * FRAME_MS + late_ms) * 1000);
}

static uint16_t last_sequence;
static uint16_t next_sequence;
static bool     has_next;

static enum jitter_verdict
pull_us(int64_t now_us)
{
	struct packet       *packet;
	const struct packet *next;
	const enum jitter_verdict verdict = jitter_pull(jitter, now_us,
	    &packet, &next);

	assert_int_equal(packet != NULL, verdict == JITTER_PACKET ||
	    verdict == JITTER_SKIP || verdict == JITTER_STRETCH);
	assert_true(next == NULL || verdict == JITTER_LOST);
	has_next = next != NULL;
	if (next)
		memcpy(&next_sequence, next->bytes, sizeof(next_sequence));
	if (packet) {
		memcpy(&last_sequence, packet->bytes, sizeof(last_sequence));
		assert_true(now_us - packet->arrival_us <=
		    JITTER_DELAY_MAX_US);
		packet_free(&packet);
		out--;
	}
	return verdict;
}

/* At the tick of packet `number` when its delay is `delay_ms`. */
static enum jitter_verdict
pull(unsigned number, int64_t delay_ms)
{
	return pull_us(((int64_t)number * FRAME_MS + delay_ms) * 1000);
}

static void
expect_packet(unsigned number, int64_t delay_ms)
{
	const enum jitter_verdict verdict = pull(number, delay_ms);

	assert_true(verdict == JITTER_PACKET || verdict == JITTER_STRETCH);
	assert_int_equal(last_sequence, (uint16_t)number);
}

static int
make(void **state)
{
	(void)state;
	out = 0;
	return packet_pool_new(&pool, 100) || jitter_new(&jitter, RATE);
}

static int
unmake(void **state)
{
	(void)state;
	jitter_free(jitter);
	packet_pool_free(pool);
	return 0;
}

static void
refuses_clock_rates_and_durations_of_no_codec(void **state)
{
	struct jitter *j = NULL;

	(void)state;
	assert_int_equal(jitter_new(&j, 0), -EINVAL);
	assert_int_equal(jitter_new(&j, 1000000), -EINVAL);
	assert_null(j);
	assert_false(push_full(0, 0, 119, 0));
	assert_false(push_full(0, 0, 5761, 0));
	assert_false(push_full(0, 0, UINT32_MAX, 0));
	assert_true(push_full(0, 0, 120, 0));
	assert_true(push_full(1, 120, 5760, 0));
	jitter_free(NULL);
}

static void
the_first_waits_for_the_start_delay(void **state)
{
	(void)state;
	assert_int_equal(pull(0, 0), JITTER_EARLY);
	assert_int_equal(jitter_delay_us(jitter, 0), 0);
	for (unsigned i = 1; i < 5; i++)
		assert_true(push(i, 0));
	assert_int_equal(jitter_target_us(jitter), JITTER_DELAY_START_US);
	assert_int_equal(pull(1, START_MS - 1), JITTER_EARLY);
	assert_int_equal(jitter_delay_us(jitter, 80000), START_MS * 1000);
	assert_int_equal(jitter_len(jitter), 4);
	for (unsigned i = 1; i < 5; i++)
		expect_packet(i, START_MS);
	assert_int_equal(pull(5, START_MS), JITTER_EARLY);
	assert_int_equal(jitter_len(jitter), 0);
}

static void
puts_packets_in_order_and_refuses_duplicates(void **state)
{
	static const unsigned order[] = { 65536, 65534, 65537, 65535 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_true(push(order[i], 65537 - (int)order[i]));
	for (unsigned i = 0; i < 4; i++)
		assert_false(push(order[i], 10));
	for (unsigned i = 65534; i < 65538; i++)
		expect_packet(i, START_MS + 10);
	assert_false(push(65536, 50));
	assert_false(push(65533, 200));		/* older than what was played */
	assert_int_equal(out, 0);
}

static void
a_missing_packet_is_lost_and_the_next_may_repair_it(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 9; i++)
		if (i != 2 && i != 4 && i != 5)
			push(i, 0);
	expect_packet(1, START_MS);
	assert_int_equal(pull(2, START_MS), JITTER_LOST);
	assert_true(has_next);
	assert_int_equal(next_sequence, 3);
	expect_packet(3, START_MS);
	assert_int_equal(pull(4, START_MS), JITTER_LOST);
	assert_false(has_next);
	assert_int_equal(pull(5, START_MS), JITTER_LOST);
	assert_true(has_next);
	assert_int_equal(next_sequence, 6);
	expect_packet(6, START_MS);
	assert_false(push(5, 1000));
}

static void
what_was_made_up_stands_for_what_was_lost(void **state)
{
	(void)state;
	push(1, 0);
	expect_packet(1, START_MS);
	assert_int_equal(pull(2, START_MS), JITTER_EARLY);
	push(3, 60);
	expect_packet(3, START_MS);
}

static void
a_late_packet_is_played_and_the_delay_stays(void **state)
{
	(void)state;
	push(1, 0);
	expect_packet(1, START_MS);
	assert_int_equal(pull(2, START_MS), JITTER_EARLY);
	push(2, 70);
	push(3, 60);
	expect_packet(2, START_MS + 20);
	expect_packet(3, START_MS + 20);
}

static void
a_gap_in_time_alone_is_early_and_never_lost(void **state)
{
	unsigned early = 0;

	(void)state;
	for (unsigned i = 1; i < 6; i++)
		push(i, 0);
	for (unsigned i = 1; i < 6; i++)
		expect_packet(i, START_MS);
	for (unsigned i = 6; i < 16; i++)
		early += pull(i, START_MS) == JITTER_EARLY;
	push_full(6, 20 * FRAME, FRAME, 20 * FRAME_MS * 1000);
	push_full(7, 21 * FRAME, FRAME, 21 * FRAME_MS * 1000);
	for (unsigned i = 16; i < 20; i++)
		early += pull(i, START_MS) == JITTER_EARLY;
	assert_int_equal(early, 14);
	assert_int_equal(pull(20, START_MS), JITTER_PACKET);
	assert_int_equal(last_sequence, 6);
	assert_int_equal(pull(21, START_MS), JITTER_PACKET);
}

static void
silence_with_a_packet_already_there_is_early_too(void **state)
{
	(void)state;
	push(1, 0);
	push(2, 0);
	push_full(3, 10 * FRAME, FRAME, 60000);	/* sent ahead of its time */
	push_full(4, 11 * FRAME, FRAME, 80000);
	/* That packet is the new measure of how early one can come. */
	assert_int_equal(jitter_delay_us(jitter, 60000),
	    (60 - 20 + 140) * 1000);
	assert_int_equal(pull_us(80000), JITTER_SKIP);
	assert_int_equal(pull_us(100000), JITTER_PACKET);
	assert_int_equal(pull_us(100000), JITTER_EARLY);
	assert_int_equal(pull_us(120000), JITTER_PACKET);
	assert_int_equal(last_sequence, 3);
	assert_int_equal(pull_us(140000), JITTER_PACKET);
}

static void
sequences_of_no_sound_are_passed_over(void **state)
{
	(void)state;
	push(1, 0);
	/* 2 and 3 were padding: no media time is missing. */
	push_full(4, 2 * FRAME, FRAME, 40000);
	push_full(5, 3 * FRAME, FRAME, 60000);
	assert_int_equal(pull(1, START_MS), JITTER_PACKET);
	assert_int_equal(pull(2, START_MS), JITTER_PACKET);
	assert_int_equal(last_sequence, 4);
	assert_int_equal(pull(3, START_MS), JITTER_PACKET);
}

static void
after_a_long_pause_it_begins_at_the_target(void **state)
{
	(void)state;
	push(1, 0);
	expect_packet(1, START_MS);
	for (unsigned i = 2; i < 100; i++)
		assert_int_equal(pull(i, START_MS), JITTER_EARLY);
	push(100, 0);				/* 2 to 99 were lost */
	assert_int_equal(pull(100, START_MS - 10), JITTER_EARLY);
	expect_packet(100, START_MS);
}

static void
too_much_delay_is_worked_off_one_frame_in_five(void **state)
{
	unsigned number = 1, skipped = 0, last_skip = 0;
	int64_t  now_ms = 200;

	(void)state;
	for (unsigned i = 1; i <= 8; i++)	/* nobody pulled for long */
		push(i, 0);
	for (unsigned i = 0; i < 100; i++) {
		const enum jitter_verdict verdict = pull_us(now_ms * 1000);

		assert_int_equal(last_sequence, number);
		if (verdict == JITTER_SKIP) {
			assert_true(skipped == 0 || i - last_skip >= 5);
			last_skip = i;
			skipped++;
		} else {
			assert_int_equal(verdict, JITTER_PACKET);
			now_ms += FRAME_MS;
		}
		number++;
		push(number + 7, 0);
	}
	assert_in_range(skipped, 6, 8);
}

/* Plays so many of an even stream, by 10 ms faster or slower where it is told. */
static unsigned
play_on(unsigned *number, unsigned count, int64_t *at_ms)
{
	unsigned played = 0;

	for (; count > 0; count--, (*number)++) {
		push(*number, 0);
		while (*at_ms <= (*number + 1) * FRAME_MS) {
			const enum jitter_verdict v = pull_us(*at_ms * 1000);

			*at_ms += v == JITTER_SKIP ? 10 :
			    v == JITTER_STRETCH ? 30 : FRAME_MS;
			played += v != JITTER_EARLY;
		}
	}
	return played;
}

static void
waits_longer_for_pictures_within_its_maximum(void **state)
{
	unsigned number = 1;
	int64_t  at_ms = FRAME_MS;

	(void)state;
	play_on(&number, 500, &at_ms);
	assert_int_equal(jitter_target_us(jitter), JITTER_DELAY_MIN_US);
	jitter_set_wait(jitter, 80000);
	assert_int_equal(jitter_target_us(jitter), 100000);
	/* From 20 to 90 ms it is three frames and a half that are not played. */
	assert_in_range(play_on(&number, 100, &at_ms), 95, 97);
	assert_in_range(jitter_delay_us(jitter, at_ms * 1000), 80000, 120000);
	jitter_set_wait(jitter, 0);
	assert_in_range(play_on(&number, 100, &at_ms), 102, 104);
	jitter_set_wait(jitter, INT64_C(10000000));
	assert_in_range(jitter_target_us(jitter), 340000, 400000);
}

static void
never_delays_more_than_400_ms(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 50; i++)
		push(i, 0);
	/* 1 s old at its head: goes on near the target. */
	assert_int_equal(pull_us(1020000), JITTER_PACKET);
	assert_in_range(last_sequence, 47, 49);
	assert_in_range(jitter_delay_us(jitter, 1020000), 0, 80000);
	assert_int_equal(pull_us(5000000), JITTER_EARLY);
	assert_int_equal(jitter_len(jitter), 0);
	assert_false(push(50, 5000));
	assert_true(push(51, 0));
}

static void
holds_64_packets_and_drops_the_oldest(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 70; i++) {
		assert_true(push_full((uint16_t)i, i * 120, 120,
		    (int64_t)i * 2500));
		assert_true(jitter_len(jitter) <= 64);
	}
	assert_false(push_full(3, 360, 120, 180000));
	assert_int_equal(jitter_len(jitter), 64);
	assert_int_equal(out, 70);	/* six of them went to the pool */
	assert_int_equal(pull_us(180000), JITTER_SKIP);
	assert_int_equal(last_sequence, 7);
}

static void
a_full_buffer_does_not_wait_for_its_target(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 64; i++)	/* all in one millisecond */
		push_full((uint16_t)i, i * 120, 120, 200000 + i);
	assert_int_equal(pull_us(200100), JITTER_SKIP);
	assert_int_equal(last_sequence, 1);
}

static void
a_jump_in_time_begins_anew(void **state)
{
	(void)state;
	push(1, 0);
	push(2, 0);
	expect_packet(1, START_MS);
	assert_true(push_full(3, 3 * FRAME + 11 * RATE, FRAME, 90000));
	assert_int_equal(jitter_len(jitter), 1);
	assert_int_equal(pull_us(149000), JITTER_EARLY);
	assert_int_equal(pull_us(150000), JITTER_PACKET);
	assert_int_equal(last_sequence, 3);
	assert_true(push_full(4, 77, FRAME, 160000));	/* and back */
	assert_int_equal(pull_us(219000), JITTER_EARLY);
	assert_int_equal(pull_us(220000), JITTER_PACKET);
	assert_int_equal(last_sequence, 4);
}

static void
a_sender_that_began_anew_is_heard_after_a_while(void **state)
{
	unsigned refused = 0;

	(void)state;
	push(20000, 0);
	for (unsigned i = 0; i < 40; i++)
		refused += !push_full((uint16_t)(100 + i),
		    (20001 + i) * FRAME, FRAME,
		    (int64_t)(20001 + i) * FRAME_MS * 1000);
	assert_in_range(refused, 20, 35);
	assert_int_equal(jitter_len(jitter), 40 - refused);
}

static void
time_that_stands_still_is_refused(void **state)
{
	(void)state;
	assert_true(push(1, 0));
	assert_false(push_full(2, FRAME, FRAME, 30000));
	assert_false(push_full(1, FRAME, FRAME, 30000));
	assert_true(push(3, 0));
	/* An old sequence with a newer time, and one far too old. */
	assert_false(push_full(2, 4 * FRAME, FRAME, 70000));
	assert_true(push(2, 50));
}

static void
any_frame_duration_flows(void **state)
{
	static const uint32_t durations[] = { 120, 240, 480, 960, 1920, 2880,
	    5760 };

	(void)state;
	for (size_t d = 0; d < 7; d++) {
		const int64_t us = (int64_t)durations[d] * 1000 / 48;
		const int64_t from_us = 10000000 * ((int64_t)d + 1);
		uint16_t      sequence = 0;
		int64_t       at_us = from_us;
		unsigned      played = 0;

		jitter_free(jitter);
		assert_int_equal(jitter_new(&jitter, RATE), 0);
		for (int64_t now_us = from_us; now_us < from_us + 2000000;
		    now_us += 20000) {
			for (; from_us + sequence * us <= now_us; sequence++)
				assert_true(push_full(sequence,
				    sequence * durations[d], durations[d],
				    from_us + sequence * us));
			while (at_us < now_us + 20000) {
				const enum jitter_verdict v = pull_us(at_us);

				assert_int_not_equal(v, JITTER_LOST);
				played += v == JITTER_PACKET ||
				    v == JITTER_SKIP;
				at_us = v == JITTER_EARLY ? now_us + 20000 :
				    at_us + us;
			}
		}
		assert_true(played + 300000 / us >= sequence - 1u);
	}
}

/* Anything may come: never over 64 packets or 400 ms, and all come back. */
static void
keeps_its_bounds_whatever_comes(void **state)
{
	struct chance c = { 31337 };
	uint16_t      sequence = 0;
	uint32_t      timestamp = 0;
	int64_t       now_us = 1000000;
	unsigned      played = 0;

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		const uint32_t kind = chance_below(&c, 100);

		now_us += chance_below(&c, 20000);
		sequence++;
		timestamp += FRAME;
		if (kind == 0)
			timestamp = chance_below(&c, UINT32_MAX);
		else if (kind == 1)
			sequence = (uint16_t)chance_below(&c, 65536);
		else if (kind == 2)
			timestamp += chance_below(&c, 9 * RATE);
		else if (kind == 3)
			now_us += chance_below(&c, 3000000);
		push_full((uint16_t)(sequence - chance_below(&c, 3)),
		    timestamp - chance_below(&c, 3) * FRAME,
		    chance_below(&c, 8) == 0 ? 2880 : FRAME,
		    now_us - chance_below(&c, 1000) * (kind == 4 ? 5000 : 1));
		if (chance_below(&c, 3) > 0) {
			const enum jitter_verdict v = pull_us(now_us);

			played += v == JITTER_PACKET || v == JITTER_SKIP ||
			    v == JITTER_STRETCH;
			assert_true(jitter_delay_us(jitter, now_us) <=
			    JITTER_DELAY_MAX_US);
		}
		assert_true(jitter_len(jitter) <= 64);
		assert_in_range(jitter_target_us(jitter),
		    JITTER_DELAY_MIN_US, JITTER_DELAY_MAX_US);
	}
	assert_true(played > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
		TEST(refuses_clock_rates_and_durations_of_no_codec),
		TEST(the_first_waits_for_the_start_delay),
		TEST(puts_packets_in_order_and_refuses_duplicates),
		TEST(a_missing_packet_is_lost_and_the_next_may_repair_it),
		TEST(what_was_made_up_stands_for_what_was_lost),
		TEST(a_late_packet_is_played_and_the_delay_stays),
		TEST(a_gap_in_time_alone_is_early_and_never_lost),
		TEST(silence_with_a_packet_already_there_is_early_too),
		TEST(sequences_of_no_sound_are_passed_over),
		TEST(after_a_long_pause_it_begins_at_the_target),
		TEST(too_much_delay_is_worked_off_one_frame_in_five),
		TEST(waits_longer_for_pictures_within_its_maximum),
		TEST(never_delays_more_than_400_ms),
		TEST(holds_64_packets_and_drops_the_oldest),
		TEST(a_full_buffer_does_not_wait_for_its_target),
		TEST(a_jump_in_time_begins_anew),
		TEST(a_sender_that_began_anew_is_heard_after_a_while),
		TEST(time_that_stands_still_is_refused),
		TEST(any_frame_duration_flows),
		TEST(keeps_its_bounds_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
