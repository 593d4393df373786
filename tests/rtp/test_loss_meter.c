/*
 * How much is lost, and in how long runs.
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
#include "rtp/loss_meter.h"

static void
lose(struct loss_meter *m, unsigned permille, unsigned run, unsigned count)
{
	struct chance chance = { 5 };
	unsigned      left = 0;

	for (unsigned i = 0; i < count; i++) {
		if (left == 0 && chance_below(&chance, 1000) <
		    permille / run)
			left = run;
		loss_meter_add(m, left > 0);
		left -= left > 0;
		if (i % 5 == 4)
			loss_meter_fade(m, 1000000 + i * INT64_C(20000));
	}
}

static void
few_packets_say_nothing(void **state)
{
	struct loss_meter m = { .packets = 0 };

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		loss_meter_add(&m, true);
	assert_int_equal(loss_meter_q8(&m), 0);
	loss_meter_add(&m, true);
	assert_int_equal(loss_meter_q8(&m), 255);
}

static void
measures_loss_at_random(void **state)
{
	struct loss_meter m = { .packets = 0 };

	(void)state;
	lose(&m, 200, 1, 20000);
	assert_in_range(loss_meter_q8(&m), 51 - 25, 51 + 25);
	assert_in_range(loss_meter_burst_q4(&m), 16, 30);
}

static void
measures_the_length_of_bursts(void **state)
{
	struct loss_meter m = { .packets = 0 };

	(void)state;
	lose(&m, 100, 4, 20000);
	assert_in_range(loss_meter_burst_q4(&m), 60, 90);
}

static void
what_is_found_after_all_was_not_lost(void **state)
{
	struct loss_meter m = { .packets = 0 };

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		loss_meter_add(&m, i < 5);
	for (unsigned i = 0; i < 9; i++)
		loss_meter_found(&m);
	assert_int_equal(loss_meter_q8(&m), 0);
	assert_int_equal(loss_meter_burst_q4(&m), 16);
}

static void
the_past_fades(void **state)
{
	struct loss_meter m = { .packets = 0 };

	(void)state;
	lose(&m, 500, 1, 1000);
	assert_true(loss_meter_q8(&m) > 80);
	for (unsigned i = 0; i < 500; i++) {
		loss_meter_add(&m, false);
		loss_meter_fade(&m, 22000000 + i * INT64_C(20000));
	}
	assert_true(loss_meter_q8(&m) < 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_packets_say_nothing),
		cmocka_unit_test(measures_loss_at_random),
		cmocka_unit_test(measures_the_length_of_bursts),
		cmocka_unit_test(what_is_found_after_all_was_not_lost),
		cmocka_unit_test(the_past_fades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
