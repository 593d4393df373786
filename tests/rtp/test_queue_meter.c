/*
 * How long packets wait on the line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "rtp/queue_meter.h"

static struct queue_meter q;
static int64_t now_us;

static void
wait(int64_t delay_us, int64_t us)
{
	const int64_t end_us = now_us + us;

	for (; now_us < end_us; now_us += 10000)
		queue_meter_add(&q, delay_us, now_us);
}

static void
begin(void)
{
	memset(&q, 0, sizeof(q));
	now_us = 1000000;
}

static void
the_least_delay_is_no_queue(void **state)
{
	(void)state;
	begin();
	wait(-123456789, 5000000);
	assert_int_equal(queue_meter_us(&q), 0);
	wait(-123456789 + 200000, 1000000);
	assert_in_range(queue_meter_us(&q), 190000, 200000);
	wait(-123456789, 1000000);
	assert_in_range(queue_meter_us(&q), 0, 10000);
}

static void
a_longer_line_is_accepted_in_half_a_minute(void **state)
{
	(void)state;
	begin();
	wait(50000, 5000000);
	wait(150000, 40000000);
	assert_in_range(queue_meter_us(&q), 0, 1000);
}

static void
a_queue_that_empties_now_and_then_does_not_stand(void **state)
{
	struct chance chance = { 3 };

	(void)state;
	begin();
	for (unsigned i = 0; i < 500; i++)
		wait(chance_below(&chance, 300000), 10000);
	assert_true(queue_meter_us(&q) > 80000);
	assert_true(queue_meter_standing_us(&q) < 30000);
}

static void
a_standing_queue_is_seen_and_can_be_accepted(void **state)
{
	(void)state;
	begin();
	wait(50000, 2000000);
	wait(250000, 3000000);
	assert_int_equal(queue_meter_standing_us(&q), 200000);
	queue_meter_accept(&q);
	assert_int_equal(queue_meter_standing_us(&q), 0);
	wait(250000, 3000000);
	assert_int_equal(queue_meter_standing_us(&q), 0);
	assert_int_equal(queue_meter_us(&q), 0);
}

static void
a_clock_that_jumps_begins_anew(void **state)
{
	(void)state;
	begin();
	wait(50000, 1000000);
	wait(INT64_C(3600000000), 1000000);
	assert_int_equal(queue_meter_us(&q), 0);
	wait(INT64_C(-3600000000), 1000000);
	assert_int_equal(queue_meter_us(&q), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_delay_is_no_queue),
		cmocka_unit_test(a_longer_line_is_accepted_in_half_a_minute),
		cmocka_unit_test(a_queue_that_empties_now_and_then_does_not_stand),
		cmocka_unit_test(a_standing_queue_is_seen_and_can_be_accepted),
		cmocka_unit_test(a_clock_that_jumps_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
