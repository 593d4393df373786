/*
 * Up while the queue is still, down when it grows.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/aimd_rate.h"

static struct aimd_rate a;
static int64_t now_us;

static void
begin(int64_t start_bps)
{
	aimd_rate_init(&a, start_bps, 30000, 5000000);
	now_us = 1000000;
}

static void
update(struct aimd_input in, int64_t us)
{
	const int64_t end_us = now_us + us;

	while (now_us < end_us) {
		now_us += 100000;
		aimd_rate_update(&a, &in, now_us);
	}
}

static void
rises_by_8_percent_a_second(void **state)
{
	(void)state;
	begin(300000);
	update((struct aimd_input){ .acked_bps = 1000000,
	    .rtt_us = 100000, .queue_us = 60000 }, 10000000);
	/* 300 · 1.08^10 = 648 */
	assert_in_range(a.bps, 620000, 680000);
}

static void
rises_no_higher_than_what_arrives_and_a_half(void **state)
{
	(void)state;
	begin(300000);
	update((struct aimd_input){ .acked_bps = 300000,
	    .rtt_us = 100000 }, 60000000);
	assert_in_range(a.bps, 455000, 460000);
	assert_true(a.at_limit);
}

static void
does_not_rise_while_the_application_is_limited(void **state)
{
	(void)state;
	begin(300000);
	update((struct aimd_input){ .acked_bps = 300000,
	    .rtt_us = 100000, .application_limited = true }, 60000000);
	assert_int_equal(a.bps, 300000);
}

static void
overuse_takes_it_below_what_arrives_once_a_round_trip(void **state)
{
	const struct aimd_input over = { .usage = LINE_OVERUSED,
	    .acked_bps = 800000, .rtt_us = 1000000, .queue_us = 300000 };

	(void)state;
	begin(1000000);
	update((struct aimd_input){ .acked_bps = 800000 }, 100000);
	update(over, 100000);
	assert_int_equal(a.bps, 800000 * 85 / 100 - 5000);
	/* Space is 200 ms at most. */
	update((struct aimd_input){ .usage = LINE_OVERUSED,
	    .acked_bps = 600000, .rtt_us = 1000000,
	    .queue_us = 300000 }, 100000);
	assert_int_equal(a.bps, 675000);
	update((struct aimd_input){ .usage = LINE_OVERUSED,
	    .acked_bps = 600000, .rtt_us = 1000000,
	    .queue_us = 300000 }, 100000);
	assert_int_equal(a.bps, 600000 * 85 / 100 - 5000);
}

static void
overuse_before_anything_arrived_halves_it(void **state)
{
	(void)state;
	begin(300000);
	update((struct aimd_input){ .usage = LINE_OVERUSED }, 100000);
	assert_int_equal(a.bps, 150000);
}

static void
what_arrives_is_no_measure_for_who_sends_little(void **state)
{
	struct aimd_input in = { .usage = LINE_OVERUSED,
	    .acked_bps = 100000, .application_limited = true };

	(void)state;
	begin(1000000);
	update(in, 100000);
	assert_int_equal(a.bps, 850000);
	/* Unless the queue is long. */
	in.queue_us = 300000;
	update(in, 100000);
	assert_int_equal(a.bps, 80000);
}

static void
near_the_known_capacity_it_climbs_slowly(void **state)
{
	(void)state;
	begin(1000000);
	update((struct aimd_input){ .usage = LINE_OVERUSED,
	    .acked_bps = 1000000, .rtt_us = 100000,
	    .queue_us = 300000 }, 100000);
	assert_int_equal(a.bps, 845000);
	update((struct aimd_input){ .acked_bps = 845000,
	    .rtt_us = 100000 }, 1000000);
	/* A packet of 880 bytes in 400 ms; not 8 %, which is 67. */
	assert_in_range(a.bps, 855000, 870000);
}

static void
what_arrives_without_a_queue_is_carried(void **state)
{
	struct aimd_input in = { .acked_bps = 1000000, .rtt_us = 100000,
	    .queue_us = 200000 };

	(void)state;
	begin(300000);
	update(in, 200000);
	assert_true(a.bps < 320000);
	in.queue_us = 10000;
	update(in, 200000);
	assert_in_range(a.bps, 950000, 970000);
}

static void
underuse_holds(void **state)
{
	(void)state;
	begin(500000);
	update((struct aimd_input){ .usage = LINE_UNDERUSED,
	    .acked_bps = 500000 }, 10000000);
	assert_int_equal(a.bps, 500000);
}

static void
stays_within_its_bounds(void **state)
{
	(void)state;
	begin(300000);
	aimd_rate_set(&a, 1, now_us);
	assert_int_equal(a.bps, 30000);
	aimd_rate_set(&a, INT64_MAX, now_us);
	assert_int_equal(a.bps, 5000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rises_by_8_percent_a_second),
		cmocka_unit_test(rises_no_higher_than_what_arrives_and_a_half),
		cmocka_unit_test(does_not_rise_while_the_application_is_limited),
		cmocka_unit_test(overuse_takes_it_below_what_arrives_once_a_round_trip),
		cmocka_unit_test(overuse_before_anything_arrived_halves_it),
		cmocka_unit_test(what_arrives_is_no_measure_for_who_sends_little),
		cmocka_unit_test(near_the_known_capacity_it_climbs_slowly),
		cmocka_unit_test(what_arrives_without_a_queue_is_carried),
		cmocka_unit_test(underuse_holds),
		cmocka_unit_test(stays_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
