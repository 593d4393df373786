/*
 * Whose pictures are decoded, and who has had too much.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/decode_budget.h"

#define SECOND 1000000
#define START  (5 * SECOND)

/* Pictures at 25 a second; after how many it was too much, 0: never. */
static unsigned
pictures_until_paused(int64_t cpu_us, unsigned count)
{
	struct decode_budget b;

	decode_budget_init(&b);
	for (unsigned i = 0; i < count; i++) {
		const int64_t now_us = START + (int64_t)i * 40000;

		assert_true(decode_budget_admits(&b, now_us));
		if (!decode_budget_spend(&b, now_us, cpu_us))
			return i + 1;
	}
	return 0;
}

static void
a_usual_stream_is_decoded_for_ever(void **state)
{
	(void)state;
	/* 720p in about 3 ms, 1080p in about 8. */
	assert_int_equal(pictures_until_paused(3000, 10000), 0);
	assert_int_equal(pictures_until_paused(8000, 10000), 0);
}

static void
more_than_a_quarter_of_a_processor_is_too_much(void **state)
{
	(void)state;
	/* 30 % of one is seen within ten seconds, all of one within one. */
	assert_in_range(pictures_until_paused(12000, 1000), 25, 250);
	assert_in_range(pictures_until_paused(40000, 1000), 5, 25);
}

static void
one_picture_of_150_ms_is_too_much(void **state)
{
	(void)state;
	assert_int_equal(pictures_until_paused(150001, 10), 1);
}

static void
a_pause_ends_and_the_budget_begins_anew(void **state)
{
	struct decode_budget b;

	(void)state;
	decode_budget_init(&b);
	assert_false(decode_budget_spend(&b, START, 200000));
	assert_false(decode_budget_admits(&b, START));
	assert_false(decode_budget_admits(&b, START +
	    DECODE_BUDGET_PAUSE_US - 1));
	assert_true(decode_budget_admits(&b, START +
	    DECODE_BUDGET_PAUSE_US));
	assert_true(decode_budget_spend(&b, START + DECODE_BUDGET_PAUSE_US,
	    100000));
}

static void
a_sender_may_climb_in_steps(void **state)
{
	static const int     widths[] = { 320, 480, 640, 960, 1280 };
	struct decode_budget b;

	(void)state;
	decode_budget_init(&b);
	for (unsigned i = 0; i < 5; i++)
		assert_true(decode_budget_size(&b, START + i * 100000,
		    widths[i], widths[i] * 9 / 16));
	/* And then as it likes, but not often. */
	for (unsigned i = 0; i < 50; i++)
		assert_true(decode_budget_size(&b, START + 10 * SECOND +
		    i * INT64_C(2000000), 320 + (int)(i % 2), 180));
}

static void
flips_of_each_frame_are_too_much_at_once(void **state)
{
	struct decode_budget b;
	unsigned             i = 0;

	(void)state;
	decode_budget_init(&b);
	while (decode_budget_size(&b, START + i * 40000, 320 + (int)(i % 2),
	    180))
		i++;
	assert_in_range(i, 3, 6);
	assert_false(decode_budget_admits(&b, START + 9 * SECOND));
	assert_true(decode_budget_admits(&b, START + 11 * SECOND));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_stream_is_decoded_for_ever),
		cmocka_unit_test(
		    more_than_a_quarter_of_a_processor_is_too_much),
		cmocka_unit_test(one_picture_of_150_ms_is_too_much),
		cmocka_unit_test(a_pause_ends_and_the_budget_begins_anew),
		cmocka_unit_test(a_sender_may_climb_in_steps),
		cmocka_unit_test(flips_of_each_frame_are_too_much_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
