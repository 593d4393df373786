/*
 * When the server is too busy for newcomers.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/cpu_idle.h"
#include "control/cpu_load.h"

#define SECOND 1000000

/* `rooms` that tell each second, not together, what they have used. */
static int64_t
pass(struct cpu_load *load, int64_t now_us, unsigned seconds, unsigned rooms,
    uint64_t used_us)
{
	for (unsigned i = 0; i < seconds * rooms; i++) {
		now_us += SECOND / rooms;
		cpu_load_used(load, now_us, SECOND, used_us,
		    CPU_IDLE_UNKNOWN);
	}
	return now_us;
}

static void
is_high_after_three_seconds_above_the_limit(void **state)
{
	struct cpu_load load;
	int64_t         now_us = 100 * SECOND;

	(void)state;
	cpu_load_init(&load, 85, 4);
	now_us = pass(&load, now_us, 20, 5, 4 * SECOND / 5 * 8 / 10);
	assert_false(cpu_load_is_high(&load, now_us));
	now_us = pass(&load, now_us, 2, 5, 4 * SECOND / 5 * 9 / 10);
	assert_false(cpu_load_is_high(&load, now_us));
	now_us = pass(&load, now_us, 2, 5, 4 * SECOND / 5 * 9 / 10);
	assert_true(cpu_load_is_high(&load, now_us));
	now_us = pass(&load, now_us, 2, 5, 4 * SECOND / 5 * 8 / 10);
	assert_false(cpu_load_is_high(&load, now_us));
}

static void
is_not_high_when_nothing_is_told(void **state)
{
	struct cpu_load load;
	int64_t         now_us = 100 * SECOND;

	(void)state;
	cpu_load_init(&load, 85, 2);
	now_us = pass(&load, now_us, 6, 1, 2 * SECOND);
	assert_true(cpu_load_is_high(&load, now_us));
	assert_false(cpu_load_is_high(&load, now_us + 3 * SECOND));
	/* And the first word after that decides nothing. */
	now_us = pass(&load, now_us + 10 * SECOND, 1, 1, 2 * SECOND);
	assert_false(cpu_load_is_high(&load, now_us));
}

/* A worker that claims a year of work has at most used all processors. */
static void
a_lie_counts_no_more_than_can_be_true(void **state)
{
	struct cpu_load load;
	int64_t         now_us = 100 * SECOND;

	(void)state;
	cpu_load_init(&load, 85, 2);
	for (unsigned i = 0; i < 100; i++) {
		now_us += SECOND / 10;
		cpu_load_used(&load, now_us, i % 10 ? 0 : SECOND / 10,
		    UINT64_MAX, CPU_IDLE_UNKNOWN);
	}
	assert_false(cpu_load_is_high(&load, now_us));
}

/* Seconds of one room on two processors, of which so much lies idle. */
static bool
is_high_beside_others(unsigned rooms_percent, unsigned idle_percent)
{
	struct cpu_load load;
	int64_t         now_us = 100 * SECOND;

	cpu_load_init(&load, 85, 2);
	for (unsigned i = 0; i < 6; i++) {
		now_us += SECOND;
		cpu_load_used(&load, now_us, SECOND,
		    SECOND / 100 * 2 * rooms_percent, idle_percent);
	}
	return cpu_load_is_high(&load, now_us);
}

static void
other_programs_count_beside_rooms_that_take_most(void **state)
{
	(void)state;
	assert_false(is_high_beside_others(50, 20));
	assert_true(is_high_beside_others(50, 5));
	assert_true(is_high_beside_others(40, 0));
	assert_true(is_high_beside_others(90, 0));
	/* A machine that is busy with other things is not ours to spare. */
	assert_false(is_high_beside_others(37, 0));
	assert_false(is_high_beside_others(0, 0));
	assert_false(is_high_beside_others(50, CPU_IDLE_UNKNOWN));
}

static void
a_hundred_percent_is_no_limit(void **state)
{
	struct cpu_load load;
	int64_t         now_us = 100 * SECOND;

	(void)state;
	cpu_load_init(&load, 100, 2);
	now_us = pass(&load, now_us, 20, 1, 4 * SECOND);
	assert_false(cpu_load_is_high(&load, now_us));
	load = (struct cpu_load){ 0 };
	now_us = pass(&load, now_us, 20, 1, 4 * SECOND);
	assert_false(cpu_load_is_high(&load, now_us));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_high_after_three_seconds_above_the_limit),
		cmocka_unit_test(is_not_high_when_nothing_is_told),
		cmocka_unit_test(a_lie_counts_no_more_than_can_be_true),
		cmocka_unit_test(
		    other_programs_count_beside_rooms_that_take_most),
		cmocka_unit_test(a_hundred_percent_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
