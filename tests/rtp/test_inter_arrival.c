/*
 * Groups of packets, and how their distances differ.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/inter_arrival.h"

static struct inter_arrival a;
static struct group_delta delta;

static bool
add(int64_t sent_ms, int64_t arrival_ms)
{
	return inter_arrival_add(&a, sent_ms * 1000, arrival_ms * 1000,
	    arrival_ms * 1000, &delta);
}

static void
begin(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
}

static void
the_first_packet_tells_nothing(void **state)
{
	begin(state);
	assert_false(add(0, 17));
}

static void
the_third_group_compares_the_two_before(void **state)
{
	begin(state);
	assert_false(add(0, 17));
	assert_false(add(20, 40));
	assert_true(add(40, 70));
	assert_int_equal(delta.sent_us, 20000);
	assert_int_equal(delta.arrival_us, 23000);
}

static void
packets_within_5_ms_are_one_group(void **state)
{
	begin(state);
	assert_false(add(0, 17));
	for (int64_t i = 0; i < 5; i++)
		assert_false(add(20 + i, 40 + 6 * i));
	assert_true(add(40, 90));
	assert_int_equal(delta.sent_us, 24000);
	assert_int_equal(delta.arrival_us, 64000 - 17000);
}

static void
a_packet_older_than_its_group_is_left_out(void **state)
{
	begin(state);
	assert_false(add(0, 17));
	assert_false(add(20, 40));
	assert_false(add(10, 45));
	assert_true(add(40, 60));
	assert_int_equal(delta.sent_us, 20000);
	assert_int_equal(delta.arrival_us, 23000);
}

static void
a_burst_out_of_a_queue_is_one_group(void **state)
{
	begin(state);
	assert_false(add(0, 17));
	for (int64_t i = 0; i < 5; i++)
		assert_false(add(30 + 10 * i, 100 + i));
	/* The next comes as far apart as it was sent. */
	assert_true(add(80, 120));
	assert_int_equal(delta.sent_us, 70000);
	assert_int_equal(delta.arrival_us, 87000);
}

static void
a_burst_ends_after_100_ms(void **state)
{
	bool ended = false;

	begin(state);
	assert_false(add(0, 17));
	for (int64_t i = 0; i < 40 && !ended; i++) {
		ended = add(30 + 10 * i, 100 + 4 * i);
		assert_true(!ended || 4 * i >= 100);
	}
	assert_true(ended);
}

static void
three_groups_out_of_order_begin_anew(void **state)
{
	begin(state);
	assert_false(add(0, 1000));
	/* What is sent at one time is one group, however it comes. */
	for (int64_t i = 1; i <= 4; i++) {
		assert_false(a.reordered == 3);
		assert_false(add(20 * i, 1010 - 90 * i));
		assert_false(add(20 * i, 1000 - 100 * i));
	}
	assert_false(a.before.any);
}

static void
a_jump_of_the_clock_begins_anew(void **state)
{
	begin(state);
	assert_false(add(0, 17));
	assert_false(inter_arrival_add(&a, 20000, 5000000, 40000, &delta));
	assert_false(inter_arrival_add(&a, 40000, 5020000, 60000, &delta));
	assert_false(inter_arrival_add(&a, 60000, 5040000, 80000, &delta));
	assert_true(inter_arrival_add(&a, 80000, 5060000, 100000, &delta));
	assert_int_equal(delta.arrival_us, 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_packet_tells_nothing),
		cmocka_unit_test(the_third_group_compares_the_two_before),
		cmocka_unit_test(packets_within_5_ms_are_one_group),
		cmocka_unit_test(a_packet_older_than_its_group_is_left_out),
		cmocka_unit_test(a_burst_out_of_a_queue_is_one_group),
		cmocka_unit_test(a_burst_ends_after_100_ms),
		cmocka_unit_test(three_groups_out_of_order_begin_anew),
		cmocka_unit_test(a_jump_of_the_clock_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
