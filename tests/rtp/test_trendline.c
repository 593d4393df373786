/*
 * The slope of one-way delay.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/trendline.h"

static double
slope_of(int64_t sent_us, int64_t arrival_us, unsigned count)
{
	struct trendline t = { .count = 0 };

	for (unsigned i = 0; i < count; i++)
		trendline_add(&t, sent_us, arrival_us, i * arrival_us);
	return trendline_signal(&t);
}

static void
a_still_queue_has_no_slope(void **state)
{
	(void)state;
	assert_true(slope_of(20000, 20000, 60) == 0);
}

static void
a_growing_queue_slopes_up(void **state)
{
	(void)state;
	/* 2 ms in 22: the slope is 0.09, weighed by 60 and 4. */
	assert_true(slope_of(20000, 22000, 60) > 20);
	assert_true(slope_of(20000, 22000, 60) < 23);
}

static void
a_shrinking_queue_slopes_down(void **state)
{
	(void)state;
	assert_true(slope_of(20000, 17000, 60) < -20);
}

static void
too_few_points_say_nothing(void **state)
{
	(void)state;
	assert_true(slope_of(20000, 30000, TRENDLINE_POINTS - 1) == 0);
	assert_true(slope_of(20000, 30000, TRENDLINE_POINTS) > 0);
}

/* The ring goes round for hours. */
static void
the_slope_stays_right_for_ever(void **state)
{
	struct trendline t = { .count = 0 };

	(void)state;
	for (int64_t i = 0; i < 100000; i++)
		trendline_add(&t, 20000, 20000 + (i % 2 ? 500 : -500),
		    i * 20000);
	assert_true(trendline_signal(&t) < 2 && trendline_signal(&t) > -2);
	for (int64_t i = 0; i < 60; i++)
		trendline_add(&t, 20000, 24000, 2000000000 + i * 24000);
	assert_true(trendline_signal(&t) > 35);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_still_queue_has_no_slope),
		cmocka_unit_test(a_growing_queue_slopes_up),
		cmocka_unit_test(a_shrinking_queue_slopes_down),
		cmocka_unit_test(too_few_points_say_nothing),
		cmocka_unit_test(the_slope_stays_right_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
