/*
 * When a growing delay is overuse.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/overuse_detector.h"

static struct overuse_detector d;
static int64_t now_us;

static enum line_usage
update(double signal, unsigned times)
{
	enum line_usage usage = LINE_NORMAL;

	for (unsigned i = 0; i < times; i++) {
		now_us += 20000;
		usage = overuse_detector_update(&d, signal / 240, signal,
		    20000, now_us);
	}
	return usage;
}

static void
begin(void)
{
	overuse_detector_init(&d);
	now_us = 1000000;
}

static void
a_still_line_is_normal(void **state)
{
	(void)state;
	begin();
	assert_int_equal(update(0, 100), LINE_NORMAL);
	assert_int_equal(update(5, 10), LINE_NORMAL);
}

static void
overuse_takes_more_than_one_look(void **state)
{
	(void)state;
	begin();
	assert_int_equal(update(25, 1), LINE_NORMAL);
	assert_int_equal(update(25, 1), LINE_OVERUSED);
	/* It lasts until the signal is below the threshold again. */
	assert_int_equal(update(20, 1), LINE_OVERUSED);
	assert_int_equal(update(0, 1), LINE_NORMAL);
}

static void
a_slope_that_falls_is_no_overuse(void **state)
{
	(void)state;
	begin();
	for (double signal = 60; signal > 25; signal -= 5)
		assert_int_equal(update(signal, 1), LINE_NORMAL);
}

static void
a_draining_queue_is_underuse(void **state)
{
	(void)state;
	begin();
	assert_int_equal(update(-25, 1), LINE_UNDERUSED);
}

static void
the_threshold_follows_noise_but_not_spikes(void **state)
{
	double before;

	(void)state;
	begin();
	(void)update(20, 100);
	assert_true(d.threshold > 18);
	begin();
	before = d.threshold;
	(void)update(100, 100);
	assert_true(d.threshold <= before);
	(void)update(0, 5000);
	assert_true(d.threshold >= 6 && d.threshold < 6.1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_still_line_is_normal),
		cmocka_unit_test(overuse_takes_more_than_one_look),
		cmocka_unit_test(a_slope_that_falls_is_no_overuse),
		cmocka_unit_test(a_draining_queue_is_underuse),
		cmocka_unit_test(the_threshold_follows_noise_but_not_spikes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
