/*
 * A peer's clock that goes round, as one line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/peer_clock.h"

#define ROUND 1000

static void
goes_on_over_the_end_of_a_round(void **state)
{
	struct peer_clock c = { .started = false };

	(void)state;
	assert_int_equal(peer_clock_unwrap(&c, 900, ROUND), 900);
	assert_int_equal(peer_clock_unwrap(&c, 100, ROUND), 1100);
	assert_int_equal(peer_clock_unwrap(&c, 400, ROUND), 1400);
	assert_int_equal(peer_clock_unwrap(&c, 800, ROUND), 1800);
	assert_int_equal(peer_clock_unwrap(&c, 200, ROUND), 2200);
}

static void
what_comes_late_is_before(void **state)
{
	struct peer_clock c = { .started = false };

	(void)state;
	assert_int_equal(peer_clock_unwrap(&c, 100, ROUND), 100);
	assert_int_equal(peer_clock_unwrap(&c, 900, ROUND), -100);
	assert_int_equal(peer_clock_unwrap(&c, 50, ROUND), 50);
}

/* A peer may step on by half a round in each report, to either side. */
static void
never_comes_to_the_end_of_its_64_bits(void **state)
{
	const int64_t round_us = INT64_C(64000) << 24;
	struct peer_clock up = { .started = false };
	struct peer_clock down = { .started = false };

	(void)state;
	for (int64_t i = 0; i < 5000000; i++) {
		const int64_t step_us = i * (round_us / 2 - 1) % round_us;
		const int64_t up_us = peer_clock_unwrap(&up, step_us,
		    round_us);
		const int64_t down_us = peer_clock_unwrap(&down,
		    round_us - 1 - step_us, round_us);

		if (up_us > 2 * PEER_CLOCK_FAR_US ||
		    down_us < -2 * PEER_CLOCK_FAR_US)
			fail_msg("report %lld", (long long)i);
	}
	/* It has begun anew, and still goes on. */
	assert_true(up.last_us < PEER_CLOCK_FAR_US);
	assert_int_equal(peer_clock_unwrap(&up, up.last_us % round_us,
	    round_us), up.last_us);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_over_the_end_of_a_round),
		cmocka_unit_test(what_comes_late_is_before),
		cmocka_unit_test(never_comes_to_the_end_of_its_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
