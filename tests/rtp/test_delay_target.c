/*
 * The delay that a jitter buffer should have, by how late packets come.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/delay_target.h"
#include "rtp/jitter.h"

#define MS 1000
#define FRAME_US 20000

/* `count` packets, each `late_us` late, from number `first` on. */
static void
arrive(struct delay_target *d, unsigned first, unsigned count,
    int64_t late_us)
{
	for (unsigned i = first; i < first + count; i++)
		delay_target_arrived(d, (int64_t)i * FRAME_US,
		    5000000 + (int64_t)i * FRAME_US + late_us);
}

static void
starts_at_60_and_sinks_to_20(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	assert_int_equal(d.target_us, 60 * MS);
	arrive(&d, 0, 50, 0);
	assert_in_range(d.target_us, 49 * MS, 52 * MS);	/* 10 ms a second */
	arrive(&d, 50, 300, 0);
	assert_int_equal(d.target_us, 20 * MS);
	assert_true(d.base_us == 5000000);
}

static void
grows_at_once_when_packets_come_later(void **state)
{
	struct delay_target d;
	unsigned            at = 1000;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	arrive(&d, 0, 1000, 0);
	for (; d.target_us < 80 * MS && at < 1100; at++)
		arrive(&d, at, 1, at % 5 == 0 ? 75 * MS : 0);
	assert_in_range(at, 1005, 1030);	/* within half a second */
}

static void
one_late_packet_changes_nothing(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	arrive(&d, 0, 1000, 0);
	arrive(&d, 1000, 1, 300 * MS);
	arrive(&d, 1001, 100, 0);
	assert_int_equal(d.target_us, 20 * MS);
}

static void
never_leaves_its_bounds(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	for (unsigned i = 0; i < 2000; i++) {
		arrive(&d, i, 1, i % 3 * 700 * MS);
		assert_in_range(d.target_us, JITTER_DELAY_MIN_US,
		    JITTER_DELAY_MAX_US - 1);
	}
	assert_in_range(d.target_us, 300 * MS, 400 * MS);
}

static void
a_longer_way_is_the_new_base_after_two_seconds(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	arrive(&d, 0, 200, 0);
	arrive(&d, 200, 90, 50 * MS);
	assert_true(d.base_us == 5000000);
	arrive(&d, 290, 20, 50 * MS);
	assert_true(d.base_us == 5050000);
	arrive(&d, 310, 1, -10 * MS);		/* a shorter one, at once */
	assert_true(d.base_us == 4990000);
}

static void
a_pause_leaves_no_old_base(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	arrive(&d, 0, 10, 0);
	arrive(&d, 100000, 1, 700 * MS);
	assert_true(d.base_us == 5700000);
}

static void
a_new_line_forgets_the_base_only(void **state)
{
	struct delay_target d;
	int64_t             before_us;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	for (unsigned i = 0; i < 500; i++)
		arrive(&d, i, 1, i % 2 * 100 * MS);
	before_us = d.target_us;
	assert_in_range(before_us, 100 * MS, 110 * MS);
	delay_target_restart(&d);
	delay_target_arrived(&d, -77, 9000000);
	assert_true(d.base_us == 9000077);
	assert_true(d.target_us == before_us);
}

static void
stamps_that_go_back_do_no_harm(void **state)
{
	struct delay_target d;

	(void)state;
	delay_target_init(&d, JITTER_DELAY_START_US);
	for (unsigned i = 0; i < 1000; i++)
		delay_target_arrived(&d, (int64_t)i * FRAME_US,
		    5000000 - (int64_t)i * 1000000);
	assert_in_range(d.target_us, JITTER_DELAY_MIN_US,
	    JITTER_DELAY_MAX_US);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_at_60_and_sinks_to_20),
		cmocka_unit_test(grows_at_once_when_packets_come_later),
		cmocka_unit_test(one_late_packet_changes_nothing),
		cmocka_unit_test(never_leaves_its_bounds),
		cmocka_unit_test(
		    a_longer_way_is_the_new_base_after_two_seconds),
		cmocka_unit_test(a_pause_leaves_no_old_base),
		cmocka_unit_test(a_new_line_forgets_the_base_only),
		cmocka_unit_test(stamps_that_go_back_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
