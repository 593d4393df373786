/*
 * Whether the application sends less than it might.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/alr_detector.h"

static bool
limited_after(int64_t sent_bps, int64_t us, struct alr_detector *a,
    int64_t *now_us)
{
	const int64_t end_us = *now_us + us;

	while (*now_us < end_us) {
		*now_us += 10000;
		alr_detector_sent(a, sent_bps / 800, 1000000, *now_us);
	}
	return a->limited;
}

static void
who_sends_little_is_limited_after_half_a_second(void **state)
{
	struct alr_detector a = { .limited = false };
	int64_t             now_us = 1000000;

	(void)state;
	assert_false(limited_after(100000, 300000, &a, &now_us));
	assert_true(limited_after(100000, 400000, &a, &now_us));
	assert_in_range(a.since_us, 1300000, 1700000);
}

static void
who_sends_what_he_may_is_not(void **state)
{
	struct alr_detector a = { .limited = false };
	int64_t             now_us = 1000000;

	(void)state;
	assert_false(limited_after(700000, 60000000, &a, &now_us));
	assert_true(limited_after(500000, 10000000, &a, &now_us));
	assert_false(limited_after(900000, 2000000, &a, &now_us));
}

static void
a_clock_that_jumps_does_no_harm(void **state)
{
	struct alr_detector a = { .limited = false };

	(void)state;
	alr_detector_sent(&a, 1000, 1000000, INT64_C(1) << 50);
	alr_detector_sent(&a, 1000, 1000000, 5);
	alr_detector_sent(&a, 1000, 0, INT64_C(1) << 51);
	assert_true(a.budget_bytes < 1e6 && a.budget_bytes > -1e6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sends_little_is_limited_after_half_a_second),
		cmocka_unit_test(who_sends_what_he_may_is_not),
		cmocka_unit_test(a_clock_that_jumps_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
