/*
 * A bad line: what it loses, delays, mixes up and squeezes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/relay_line.h"

#define STEP_US 1000
#define MANY    200000

/* What came out: numbers of packets, and when. */
struct got {
	unsigned count;
	unsigned number[MANY];
	int64_t  at_us[MANY];
};

static struct relay_line *
line_with(const char *words, uint64_t seed)
{
	struct relay_settings set;
	struct relay_line    *line;
	char                  why[128];

	relay_settings_init(&set);
	assert_true(relay_settings_take(&set, words, why, sizeof(why)));
	assert_int_equal(relay_line_new(&line, seed), 0);
	relay_line_set(line, &set, 0);
	return line;
}

static void
line_change(struct relay_line *line, const char *words, int64_t now_us)
{
	struct relay_settings set;
	char                  why[128];

	relay_settings_init(&set);
	assert_true(relay_settings_take(&set, words, why, sizeof(why)));
	relay_line_set(line, &set, now_us);
}

static void
pull_until(struct relay_line *line, int64_t until_us, struct got *got)
{
	for (;;) {
		const int64_t        next_us = relay_line_next_us(line,
		    until_us);
		struct relay_packet *packet;

		if (next_us > until_us)
			return;
		packet = relay_line_pull(line, until_us);
		if (packet == NULL)
			continue;
		assert_true(got->count < MANY);
		memcpy(&got->number[got->count], packet->bytes,
		    sizeof(unsigned));
		got->at_us[got->count++] = packet->due_us;
		free(packet);
	}
}

/* Packets `first`… of `len` bytes, one each `every_us` from `from_us` on. */
static int64_t
run(struct relay_line *line, unsigned first, unsigned count, size_t len,
    int64_t from_us, int64_t every_us, struct got *got)
{
	uint8_t bytes[2000] = { 0 };
	int64_t now_us = from_us;

	for (unsigned i = 0; i < count; i++) {
		const unsigned number = first + i;

		memcpy(bytes, &number, sizeof(number));
		pull_until(line, now_us, got);
		relay_line_push(line, 0, bytes, len, now_us);
		now_us += every_us;
	}
	return now_us;
}

static struct got *
new_got(void)
{
	struct got *got = calloc(1, sizeof(*got));

	assert_non_null(got);
	return got;
}

static void
a_line_without_faults_passes_all_at_once_and_unchanged(void **state)
{
	struct relay_line *line = line_with("", 1);
	struct got        *got = new_got();
	uint8_t            bytes[100];

	(void)state;
	run(line, 0, 1000, 100, 0, STEP_US, got);
	pull_until(line, 1000 * STEP_US, got);
	assert_int_equal(got->count, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(got->number[i], i);
		assert_int_equal(got->at_us[i], i * STEP_US);
	}
	for (int i = 0; i < 100; i++)
		bytes[i] = (uint8_t)(i * 7);
	relay_line_push(line, 42, bytes, sizeof(bytes), 2000000);
	struct relay_packet *packet = relay_line_pull(line, 2000000);
	assert_non_null(packet);
	assert_int_equal(packet->flow, 42);
	assert_int_equal(packet->len, sizeof(bytes));
	assert_memory_equal(packet->bytes, bytes, sizeof(bytes));
	free(packet);
	assert_int_equal(relay_line_next_us(line, 3000000), INT64_MAX);
	free(got);
	relay_line_free(line);
}

/* Share lost of 100 000 packets, and the mean length of a loss. */
static void
measure_loss(const char *words, double *share, double *mean)
{
	struct relay_line *line = line_with(words, 7);
	struct got        *got = new_got();
	unsigned           expected = 0, runs = 0, lost;

	run(line, 0, 100000, 100, 0, STEP_US, got);
	pull_until(line, INT64_MAX / 2, got);
	for (unsigned i = 0; i < got->count; i++) {
		runs += got->number[i] != expected;
		expected = got->number[i] + 1;
	}
	lost = 100000 - got->count;
	assert_int_equal(relay_line_counts(line)->lost, lost);
	*share = lost / 100000.0;
	*mean = lost / (double)(runs ? runs : 1);
	free(got);
	relay_line_free(line);
}

static void
loses_as_much_as_told_and_in_bursts_as_long_as_told(void **state)
{
	static const double shares[] = { 0.01, 0.05, 0.2, 0.3, 0.5 };
	double              share, mean;
	char                words[64];

	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		const double p = shares[i];

		snprintf(words, sizeof(words), "loss %g", p * 100);
		measure_loss(words, &share, &mean);
		assert_true(share > p * 0.93 && share < p * 1.07);
		/* Of losses one by one 1/(1-p) come in a row. */
		assert_true(mean > 0.95 / (1 - p) && mean < 1.05 / (1 - p));
		for (int burst = 2; burst <= 5; burst++) {
			snprintf(words, sizeof(words), "loss %g burst %d",
			    p * 100, burst);
			measure_loss(words, &share, &mean);
			assert_true(share > p * 0.85 && share < p * 1.15);
			assert_true(mean > burst * 0.9 && mean < burst * 1.1);
		}
	}
	measure_loss("loss 100", &share, &mean);
	assert_true(share == 1);
	measure_loss("loss 0 burst 3", &share, &mean);
	assert_true(share == 0);
}

static void
the_same_seed_gives_the_same_fate_and_another_one_another(void **state)
{
	static const char words[] =
	    "loss 10 burst 2 jitter-normal 30 duplicate 2 reorder 3";
	struct got       *got[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct relay_line *line = line_with(words, i < 2 ? 5 : 6);

		got[i] = new_got();
		run(line, 0, 5000, 100, 0, STEP_US, got[i]);
		pull_until(line, INT64_MAX / 2, got[i]);
		relay_line_free(line);
	}
	assert_memory_equal(got[0], got[1], sizeof(*got[0]));
	assert_memory_not_equal(got[0], got[2], sizeof(*got[0]));
	for (int i = 0; i < 3; i++)
		free(got[i]);
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorted delays of packets that are 40 ms apart, so that none waits. */
static void
measure_delays(const char *words, int64_t delays[20000])
{
	struct relay_line *line = line_with(words, 3);
	struct got        *got = new_got();

	run(line, 0, 20000, 100, 0, 400000, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, 20000);
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(got->number[i], i);
		delays[i] = got->at_us[i] - (int64_t)i * 400000;
	}
	qsort(delays, 20000, sizeof(delays[0]), compare);
	free(got);
	relay_line_free(line);
}

static void
delays_and_jitters_as_told(void **state)
{
	static int64_t delays[20000];

	(void)state;
	measure_delays("delay 50", delays);
	assert_int_equal(delays[0], 50000);
	assert_int_equal(delays[19999], 50000);

	measure_delays("delay 50 jitter 100", delays);
	assert_in_range(delays[0], 50000, 51000);
	assert_in_range(delays[10000], 97000, 103000);
	assert_in_range(delays[19999], 149000, 150000);

	measure_delays("delay 10 jitter-normal 100", delays);
	assert_in_range(delays[0], 10000, 11000);
	assert_in_range(delays[10000], 42000, 47000);	/* 0.674 sigma */
	assert_in_range(delays[19000], 105000, 115000);	/* 95 % */
	assert_in_range(delays[19999], 150000, 210000);
}

static void
jitter_keeps_the_order_and_shares_a_draw_for_20_ms(void **state)
{
	struct relay_line *line = line_with("jitter 200", 11);
	struct got        *got = new_got();
	unsigned           together = 0;

	(void)state;
	run(line, 0, 20000, 100, 0, STEP_US, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, 20000);
	for (unsigned i = 1; i < 20000; i++) {
		assert_int_equal(got->number[i], i);
		assert_true(got->at_us[i] >= got->at_us[i - 1]);
		together += got->at_us[i] - got->at_us[i - 1] == STEP_US;
	}
	assert_true(together > 0);
	assert_int_equal(relay_line_counts(line)->reordered, 0);
	free(got);
	relay_line_free(line);
}

static void
reorders_duplicates_and_flips_bits_as_often_as_told(void **state)
{
	struct relay_line         *line = line_with(
	    "reorder 5 reorder-by 30 duplicate 2", 13);
	const struct relay_counts *n = relay_line_counts(line);
	struct got                *got = new_got();
	unsigned                   back = 0, flipped = 0;

	(void)state;
	run(line, 0, 50000, 100, 0, 10 * STEP_US, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_in_range(n->duplicated, 900, 1100);
	assert_int_equal(got->count, 50000 + n->duplicated);
	for (unsigned i = 1; i < got->count; i++)
		back += got->number[i] < got->number[i - 1];
	assert_in_range(n->reordered, 2300, 2750);
	assert_in_range(back, n->reordered * 8 / 10, n->reordered);
	relay_line_free(line);

	line = line_with("corrupt 10", 13);
	for (int i = 0; i < 10000; i++) {
		const uint8_t        zeros[50] = { 0 };
		struct relay_packet *packet;
		unsigned             bits = 0;

		relay_line_push(line, 0, zeros, sizeof(zeros), i);
		packet = relay_line_pull(line, i);
		assert_non_null(packet);
		for (size_t k = 0; k < packet->len; k++)
			bits += (unsigned)__builtin_popcount(packet->bytes[k]);
		assert_true(bits <= 1);
		flipped += bits;
		free(packet);
	}
	assert_in_range(flipped, 900, 1100);
	assert_int_equal(relay_line_counts(line)->corrupted, flipped);
	free(got);
	relay_line_free(line);
}

static void
a_rate_lets_through_what_it_says_and_drops_behind_a_full_queue(void **state)
{
	/* 1000 bytes on the wire each 10 ms are 800 kbit/s. */
	struct relay_line *line = line_with("rate 400 queue 300", 1);
	struct got        *got = new_got();
	const int64_t      end_us = run(line, 0, 1000, 1000 - RELAY_HEADERS, 0,
	    10000, got);
	unsigned           in_time;

	(void)state;
	pull_until(line, end_us, got);
	in_time = got->count;
	assert_in_range(in_time, 499, 503);		/* of 10 s */
	assert_in_range(relay_line_backlog_us(line, end_us), 260000, 300000);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(relay_line_counts(line)->over_queue,
	    1000 - got->count);
	assert_in_range(relay_line_wait_us(line, 0.95), 270000, 300000);
	assert_in_range(relay_line_wait_us(line, 1), 270000, 300000);
	for (unsigned i = 20; i < got->count; i++)
		assert_in_range(got->at_us[i] - got->at_us[i - 1], 19999,
		    20001);
	assert_int_equal(relay_line_backlog_us(line, end_us), 0);
	relay_line_reset(line);
	assert_int_equal(relay_line_wait_us(line, 1), 0);
	assert_int_equal(relay_line_counts(line)->packets, 0);
	free(got);
	relay_line_free(line);
}

static void
a_rate_below_what_comes_is_not_felt_and_a_bucket_passes_at_once(void **state)
{
	struct relay_line *line = line_with("rate 800", 1);
	struct got        *got = new_got();

	(void)state;
	run(line, 0, 1000, 900 - RELAY_HEADERS, 0, 10000, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, 1000);
	assert_int_equal(relay_line_wait_us(line, 1), 0);
	relay_line_free(line);

	line = line_with("rate 800 bucket 5000", 1);
	got->count = 0;
	run(line, 0, 10, 1000 - RELAY_HEADERS, 1000000, 0, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, 10);
	assert_int_equal(got->at_us[4], 1000000);
	assert_in_range(got->at_us[5], 1009999, 1010001);
	assert_in_range(got->at_us[9], 1049999, 1050001);
	free(got);
	relay_line_free(line);
}

static void
what_waits_leaves_at_the_new_rate(void **state)
{
	struct relay_line *line = line_with("rate 800 queue 1000", 1);
	struct got        *got = new_got();

	(void)state;
	/* 50 packets of 1000 bytes at once: 10 ms each. */
	run(line, 0, 50, 1000 - RELAY_HEADERS, 0, 0, got);
	pull_until(line, 100000, got);
	line_change(line, "rate 80 queue 1000", 100000);
	pull_until(line, 600000, got);
	assert_in_range(got->count, 14, 16);	/* 10 of then, 5 of now */
	line_change(line, "", 600000);
	pull_until(line, 600000, got);
	assert_int_equal(got->count, 50);
	/* A rate that comes after none has no debts of before. */
	run(line, 50, 100, 1000, 700000, 1000, got);
	line_change(line, "rate 8000", 900000);
	run(line, 150, 10, 1000, 900000, 2000, got);
	pull_until(line, 930000, got);
	assert_int_equal(got->count, 160);
	free(got);
	relay_line_free(line);
}

static void
a_queue_in_bytes_holds_so_many(void **state)
{
	struct relay_line *line = line_with("rate 80 queue-bytes 5000", 1);
	struct got        *got = new_got();

	(void)state;
	/* One leaves at once, five wait. */
	run(line, 0, 20, 1000 - RELAY_HEADERS, 0, 0, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, 6);
	assert_int_equal(relay_line_counts(line)->over_queue, 14);
	free(got);
	relay_line_free(line);
}

static void
large_packets_vanish_and_nothing_passes_in_a_blackout(void **state)
{
	struct relay_line *line = line_with("mtu 1000", 1);
	struct got        *got = new_got();

	(void)state;
	run(line, 0, 1, 1000 - RELAY_HEADERS, 0, 0, got);
	run(line, 1, 1, 1001 - RELAY_HEADERS, 0, 0, got);
	pull_until(line, 0, got);
	assert_int_equal(got->count, 1);
	assert_int_equal(relay_line_counts(line)->over_mtu, 1);

	line_change(line, "blackout 2", 1000000);
	run(line, 2, 40, 100, 1000000, 100000, got);
	pull_until(line, 5000000, got);
	assert_int_equal(relay_line_counts(line)->in_blackout, 20);
	assert_int_equal(got->count, 21);
	/* Words that do not name it leave it going; 0 ends it. */
	line_change(line, "blackout 100", 6000000);
	line_change(line, "loss 0", 6000000);
	run(line, 0, 1, 100, 7000000, 0, got);
	line_change(line, "blackout 0", 8000000);
	run(line, 77, 1, 100, 8000000, 0, got);
	pull_until(line, 8000000, got);
	assert_int_equal(got->count, 22);
	assert_int_equal(got->number[21], 77);
	free(got);
	relay_line_free(line);
}

static void
never_holds_more_than_it_may_and_loses_count_of_none(void **state)
{
	struct relay_line         *line = line_with(
	    "delay 60000 loss 3 duplicate 10 corrupt 5 reorder 5", 1);
	const struct relay_counts *n = relay_line_counts(line);
	struct got                *got = new_got();

	(void)state;
	run(line, 0, 90000, 100, 0, 100, got);
	pull_until(line, INT64_MAX / 2, got);
	assert_int_equal(got->count, RELAY_PACKETS_MAX);
	assert_int_equal(n->packets + n->duplicated,
	    n->sent + n->lost + n->over_memory);
	free(got);
	relay_line_free(line);
}

/* ---- words --------------------------------------------------------------- */

static void
takes_words_in_many_spellings(void **state)
{
	struct relay_settings s;
	char                  why[128];

	(void)state;
	relay_settings_init(&s);
	assert_true(relay_settings_take(&s, " loss=20%, burst=3  delay 50ms,"
	    "rate 300k queue 250ms", why, sizeof(why)));
	assert_true(s.loss > 0.199 && s.loss < 0.201);
	assert_true(s.burst > 2.9 && s.burst < 3.1);
	assert_int_equal(s.delay_us, 50000);
	assert_int_equal(s.rate_bps, 300000);
	assert_int_equal(s.queue_us, 250000);
	assert_int_equal(s.blackout_us, -1);
	assert_true(relay_settings_take(&s, "queue-bytes 30000 blackout 3s",
	    why, sizeof(why)));
	assert_int_equal(s.queue_us, 0);
	assert_int_equal(s.queue_bytes, 30000);
	assert_int_equal(s.blackout_us, 3000000);
	assert_int_equal(s.delay_us, 50000);
}

static void
refuses_wrong_words_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"los 20", "loss", "loss 101", "loss -1", "loss nan",
		"loss 5 burst", "delay 5s", "delay 50 x", "rate inf",
		"loss 0x", "delay 1e9", "5",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct relay_settings s, before;
	char                  why[128];

	(void)state;
	memset(&s, 0, sizeof(s));
	relay_settings_init(&s);
	before = s;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		assert_false(relay_settings_take(&s, wrong[i], why,
		    sizeof(why)));
		assert_true(strlen(why) > 5);
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

static void
reads_the_lines_of_a_script(void **state)
{
	static const char *const wrong[] = {
		"t=5", "t=x down loss 5", "sideways loss 5", "down los 5",
		"rebind now", "t=-1 rebind", "t=1 t=2 rebind",
	};
	struct relay_step step = { 0 };
	char              why[128];

	(void)state;
	assert_int_equal(relay_step_parse(&step, "", why, sizeof(why)), 0);
	assert_int_equal(relay_step_parse(&step, "  # x\n", why,
	    sizeof(why)), 0);
	assert_int_equal(relay_step_parse(&step, "t=1.5 down rate 300\n", why,
	    sizeof(why)), 1);
	assert_int_equal(step.at_us, 1500000);
	assert_int_equal(step.deed, RELAY_SET);
	assert_false(step.up);
	assert_true(step.down);
	assert_int_equal(relay_step_parse(&step, "both loss 5", why,
	    sizeof(why)), 1);
	assert_int_equal(step.at_us, 0);
	assert_true(step.up && step.down);
	assert_int_equal(relay_step_parse(&step, "t=9 rebind", why,
	    sizeof(why)), 1);
	assert_int_equal(step.deed, RELAY_REBIND);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		assert_int_equal(relay_step_parse(&step, wrong[i], why,
		    sizeof(why)), -1);
		assert_true(strlen(why) > 5);
		assert_int_equal(step.deed, RELAY_REBIND);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_line_without_faults_passes_all_at_once_and_unchanged),
		cmocka_unit_test(
		    loses_as_much_as_told_and_in_bursts_as_long_as_told),
		cmocka_unit_test(
		    the_same_seed_gives_the_same_fate_and_another_one_another),
		cmocka_unit_test(delays_and_jitters_as_told),
		cmocka_unit_test(
		    jitter_keeps_the_order_and_shares_a_draw_for_20_ms),
		cmocka_unit_test(
		    reorders_duplicates_and_flips_bits_as_often_as_told),
		cmocka_unit_test(
		    a_rate_lets_through_what_it_says_and_drops_behind_a_full_queue),
		cmocka_unit_test(
		    a_rate_below_what_comes_is_not_felt_and_a_bucket_passes_at_once),
		cmocka_unit_test(what_waits_leaves_at_the_new_rate),
		cmocka_unit_test(a_queue_in_bytes_holds_so_many),
		cmocka_unit_test(
		    large_packets_vanish_and_nothing_passes_in_a_blackout),
		cmocka_unit_test(
		    never_holds_more_than_it_may_and_loses_count_of_none),
		cmocka_unit_test(takes_words_in_many_spellings),
		cmocka_unit_test(refuses_wrong_words_and_changes_nothing),
		cmocka_unit_test(reads_the_lines_of_a_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
