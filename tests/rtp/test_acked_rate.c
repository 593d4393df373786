/*
 * How much of what was sent arrives.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/acked_rate.h"

static struct acked_rate a;
static int64_t at_us;

static void
feed(int64_t bps, int64_t us)
{
	const int64_t end_us = at_us + us;

	for (; at_us < end_us; at_us += 10000)
		acked_rate_add(&a, bps / 800, at_us);
}

static void
begin(void)
{
	acked_rate_init(&a);
	at_us = 5000000;
}

static void
nothing_is_known_for_half_a_second(void **state)
{
	(void)state;
	begin();
	feed(800000, 490000);
	assert_int_equal(acked_rate_bps(&a), 0);
	feed(800000, 30000);
	assert_in_range(acked_rate_bps(&a), 780000, 820000);
}

static void
a_steady_rate_is_found(void **state)
{
	(void)state;
	begin();
	feed(300000, 3000000);
	assert_in_range(acked_rate_bps(&a), 295000, 305000);
}

static void
a_change_is_followed(void **state)
{
	(void)state;
	begin();
	feed(1000000, 3000000);
	feed(500000, 2000000);
	assert_in_range(acked_rate_bps(&a), 490000, 650000);
}

static void
an_expected_change_is_followed_sooner(void **state)
{
	int64_t plain;

	(void)state;
	begin();
	feed(300000, 5000000);
	feed(1200000, 320000);
	plain = acked_rate_bps(&a);
	begin();
	feed(300000, 5000000);
	acked_rate_expect_change(&a);
	feed(1200000, 320000);
	assert_true(acked_rate_bps(&a) > plain);
}

static void
clocks_that_jump_do_no_harm(void **state)
{
	(void)state;
	begin();
	feed(300000, 2000000);
	at_us += INT64_C(100000000000);
	feed(300000, 2000000);
	at_us -= INT64_C(200000000000);
	feed(300000, 3000000);
	assert_in_range(acked_rate_bps(&a), 200000, 400000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_for_half_a_second),
		cmocka_unit_test(a_steady_rate_is_found),
		cmocka_unit_test(a_change_is_followed),
		cmocka_unit_test(an_expected_change_is_followed_sooner),
		cmocka_unit_test(clocks_that_jump_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
