/*
 * When to probe, and at which rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/probe_plan.h"

static struct probe_plan p;
static struct probe_input in;
static struct probe probe;
static int64_t now_us;

/* The rate of the first probe within so long; 0: none. */
static int64_t
next(int64_t us)
{
	const int64_t end_us = now_us + us;

	while (now_us < end_us) {
		now_us += 10000;
		if (probe_plan_due(&p, &in, &probe, now_us))
			return probe.bps;
	}
	return 0;
}

static void
begin(void)
{
	now_us = 1000000;
	in = (struct probe_input){ .estimate_bps = 300000 };
	probe_plan_init(&p, 300000, 5000000);
	assert_int_equal(next(20000), 900000);
}

/* What is known of that line from then on. */
static void
begin_known(void)
{
	begin();
	probe_plan_result(&p, 300000);
	(void)next(2000000);
}

static void
begins_with_three_times_the_start_twice_if_need_be(void **state)
{
	(void)state;
	begin();
	assert_int_equal(probe.packets, 5);
	assert_in_range(probe.bytes, 3000, 3400);
	assert_int_equal(next(900000), 0);
	assert_int_equal(next(200000), 900000);
	assert_int_equal(next(10000000), 0);
	probe_plan_restart(&p, 200000);
	in.estimate_bps = 200000;
	assert_int_equal(next(20000), 600000);
	probe_plan_result(&p, 210000);
	assert_int_equal(next(10000000), 0);
}

static void
goes_on_while_it_comes_through(void **state)
{
	(void)state;
	begin();
	probe_plan_result(&p, 850000);
	in.estimate_bps = 850000;
	assert_int_equal(next(10000), 1700000);
	probe_plan_result(&p, 1700000);
	in.estimate_bps = 1700000;
	assert_int_equal(next(10000), 3400000);
	probe_plan_result(&p, 3300000);
	in.estimate_bps = 3300000;
	assert_int_equal(next(10000), 5000000);
	probe_plan_result(&p, 5000000);
	in.estimate_bps = 5000000;
	assert_int_equal(next(10000000), 0);
}

static void
stops_when_it_does_not(void **state)
{
	(void)state;
	begin();
	probe_plan_result(&p, 500000);
	in.estimate_bps = 500000;
	assert_int_equal(next(10000000), 0);
}

static void
does_not_repeat_what_brings_nothing(void **state)
{
	(void)state;
	begin();
	/* The estimate stays where it is, for loss, say. */
	for (unsigned i = 0; i < 10; i++) {
		probe_plan_result(&p, 1700000);
		assert_int_equal(next(100000), 0);
	}
}

static void
a_limited_application_is_probed_for_each_5_s(void **state)
{
	(void)state;
	begin_known();
	in.limited = true;
	in.limited_since_us = now_us;
	assert_int_equal(next(4900000), 0);
	assert_int_equal(next(200000), 600000);
	assert_int_equal(next(4900000), 0);
	assert_int_equal(next(200000), 600000);
	p.useful_bps = 300000;
	assert_int_equal(next(60000000), 0);
}

static void
who_asks_has_two_tries(void **state)
{
	(void)state;
	begin_known();
	probe_plan_ask(&p, 400000);
	assert_int_equal(next(20000), 600000);
	assert_int_equal(next(980000), 0);
	assert_int_equal(next(20000), 600000);
	assert_int_equal(next(10000000), 0);
	/* One is enough when it shows it. */
	probe_plan_ask(&p, 400000);
	assert_int_equal(next(20000), 600000);
	in.estimate_bps = 450000;
	assert_int_equal(next(10000000), 0);
	/* Not more than three times the estimate. */
	in.estimate_bps = 300000;
	probe_plan_ask(&p, 4000000);
	assert_int_equal(next(20000), 900000);
}

static void
looks_how_far_it_goes_when_a_cap_is_lifted(void **state)
{
	(void)state;
	begin_known();
	probe_plan_lifted(&p, 300000);
	assert_int_equal(next(20000), 600000);
	assert_int_equal(next(10000000), 0);
}

static void
looks_again_after_a_drop(void **state)
{
	(void)state;
	begin_known();
	probe_plan_dropped(&p, 800000, now_us);
	in.estimate_bps = 300000;
	assert_int_equal(next(900000), 0);
	assert_int_equal(next(200000), 680000);
	assert_int_equal(next(10000000), 0);
}

static void
never_probes_a_line_that_is_overused(void **state)
{
	(void)state;
	begin_known();
	in.overused = true;
	in.limited = true;
	probe_plan_ask(&p, 400000);
	probe_plan_result(&p, 1700000);
	assert_int_equal(next(20000000), 0);
}

static void
where_the_line_jitters_it_lasts_as_long(void **state)
{
	(void)state;
	begin_known();
	in.jitter_us = 100000;
	probe_plan_ask(&p, 500000);
	assert_in_range(next(2000000), 500000, 700000);
	assert_int_equal(probe.jitter_us, 100000);
	assert_in_range((probe.bytes - probe.skip) * 8000000 / probe.bps,
	    99000, 100000);
	/* But not for ever. */
	in.jitter_us = 900000;
	probe_plan_ask(&p, 700000);
	assert_true(next(2000000) > 0);
	assert_in_range((probe.bytes - probe.skip) * 8000000 / probe.bps,
	    299000, 300000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    begins_with_three_times_the_start_twice_if_need_be),
		cmocka_unit_test(goes_on_while_it_comes_through),
		cmocka_unit_test(stops_when_it_does_not),
		cmocka_unit_test(does_not_repeat_what_brings_nothing),
		cmocka_unit_test(a_limited_application_is_probed_for_each_5_s),
		cmocka_unit_test(who_asks_has_two_tries),
		cmocka_unit_test(looks_how_far_it_goes_when_a_cap_is_lifted),
		cmocka_unit_test(looks_again_after_a_drop),
		cmocka_unit_test(never_probes_a_line_that_is_overused),
		cmocka_unit_test(where_the_line_jitters_it_lasts_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
