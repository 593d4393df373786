/*
 * What a train of packets tells of the line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/probe_meter.h"

static const struct probe probe = { .id = 3, .bps = 1000000, .bytes = 2500,
    .packets = 5 };
static struct probe_meter m;

/* `count` packets of 500 bytes, so far apart; returns the last result. */
static int64_t
train(unsigned count, int64_t sent_gap_us, int64_t arrival_gap_us,
    double loss)
{
	int64_t result = 0;

	memset(&m, 0, sizeof(m));
	probe_meter_begin(&m, &probe);
	for (unsigned i = 0; i < count; i++)
		result = probe_meter_add(&m, 3, 500, 1000 + i * sent_gap_us,
		    9000000 + i * arrival_gap_us, loss);
	return result;
}

static void
a_train_that_stays_together_tells_its_own_rate(void **state)
{
	(void)state;
	assert_int_equal(train(5, 4000, 4000, 0), 1000000);
	/* It arrived closer than it was sent: that is not believed in full. */
	assert_int_equal(train(5, 4000, 3000, 0), 1000000);
}

static void
a_train_that_comes_apart_tells_the_line(void **state)
{
	(void)state;
	assert_in_range(train(5, 4000, 8000, 0), 474000, 476000);
}

/* Of 20 ms apart, on a line that holds packets back for 60 ms at times. */
static int64_t
torn_train(unsigned count, int64_t sent_gap_us, int64_t arrival_gap_us)
{
	const struct probe longer = { .id = 3, .bps = 1000000,
	    .bytes = 500 * count, .packets = 5, .jitter_us = 60000 };
	int64_t result = 0;

	memset(&m, 0, sizeof(m));
	probe_meter_begin(&m, &longer);
	for (unsigned i = 0; i < count; i++)
		result = probe_meter_add(&m, 3, 500, 1000 + i * sent_gap_us,
		    9000000 + i * arrival_gap_us, 0);
	return result;
}

static void
what_the_line_does_to_any_train_is_not_its_rate(void **state)
{
	(void)state;
	/* Torn apart by a third of its jitter; put together altogether. */
	assert_int_equal(torn_train(16, 4000, 5200), 1000000);
	assert_int_equal(torn_train(16, 4000, 0), 1000000);
	/* By more than that: it has met the capacity. */
	assert_in_range(torn_train(16, 4000, 8000), 560000, 580000);
}

static void
too_little_of_it_tells_nothing(void **state)
{
	(void)state;
	assert_int_equal(train(3, 4000, 4000, 0), 0);
	assert_int_equal(train(4, 4000, 4000, 0), 1000000);
}

/* A shaper lets the first two through at once. */
static void
its_first_bytes_tell_nothing(void **state)
{
	const struct probe longer = { .id = 4, .bps = 1000000, .skip = 1000,
	    .bytes = 2500, .packets = 5 };
	int64_t result = 0;

	(void)state;
	memset(&m, 0, sizeof(m));
	probe_meter_begin(&m, &longer);
	for (unsigned i = 0; i < 5; i++)
		result = probe_meter_add(&m, 4, 500, 1000 + i * 4000,
		    9000000 + (i < 2 ? i * 4000 : 4000 + (i - 1) * 8000), 0);
	assert_in_range(result, 474000, 476000);
}

static void
loss_at_random_is_made_up_for(void **state)
{
	(void)state;
	/* Three of five, where four of ten are lost anyway. */
	assert_int_equal(train(3, 4000, 4000, 0.4), 1666666);
}

static void
nonsense_tells_nothing(void **state)
{
	(void)state;
	assert_int_equal(train(5, 0, 4000, 0), 0);
	assert_int_equal(train(5, 4000, 0, 0), 0);
	assert_int_equal(train(5, 4000, 1000, 0), 0);
	assert_int_equal(train(5, 4000, 400000, 0), 0);
	assert_int_equal(probe_meter_add(&m, 0, 500, 1, 1, 0), 0);
	assert_int_equal(probe_meter_add(&m, 99, 500, 1, 1, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_train_that_stays_together_tells_its_own_rate),
		cmocka_unit_test(a_train_that_comes_apart_tells_the_line),
		cmocka_unit_test(
		    what_the_line_does_to_any_train_is_not_its_rate),
		cmocka_unit_test(too_little_of_it_tells_nothing),
		cmocka_unit_test(its_first_bytes_tell_nothing),
		cmocka_unit_test(loss_at_random_is_made_up_for),
		cmocka_unit_test(nonsense_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
