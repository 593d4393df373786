/*
 * A peer that says nothing is not flooded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/circuit_breaker.h"

static void
who_reports_is_good(void **state)
{
	struct circuit_breaker c;

	(void)state;
	circuit_breaker_init(&c);
	assert_int_equal(circuit_breaker_state(&c, INT64_MAX / 2),
	    CIRCUIT_GOOD);
	for (int64_t us = 0; us < 60000000; us += 1000000) {
		circuit_breaker_sent(&c, us);
		assert_int_equal(circuit_breaker_state(&c, us + 900000),
		    CIRCUIT_GOOD);
		assert_int_equal(circuit_breaker_heard(&c, us + 900000),
		    900000);
	}
	/* Nothing was sent since: nothing is to be said. */
	assert_int_equal(circuit_breaker_state(&c, 90000000), CIRCUIT_GOOD);
}

static void
silence_takes_the_rate_down_and_then_off(void **state)
{
	struct circuit_breaker c;

	(void)state;
	circuit_breaker_init(&c);
	circuit_breaker_sent(&c, 0);
	circuit_breaker_sent(&c, 2900000);
	assert_int_equal(circuit_breaker_left_q8(&c, 2900000), 256);
	assert_int_equal(circuit_breaker_state(&c, 3000000), CIRCUIT_SILENT);
	assert_int_equal(circuit_breaker_left_q8(&c, 3000000), 128);
	assert_int_equal(circuit_breaker_left_q8(&c, 4000000), 64);
	assert_int_equal(circuit_breaker_state(&c, 10000000),
	    CIRCUIT_BROKEN);
	assert_int_equal(circuit_breaker_left_q8(&c, 10000000), 0);
	assert_int_equal(circuit_breaker_heard(&c, 11000000), 11000000);
	assert_int_equal(circuit_breaker_left_q8(&c, 11000000), 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reports_is_good),
		cmocka_unit_test(silence_takes_the_rate_down_and_then_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
