/*
 * How long a line holds packets back to let them go in a bunch.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/bunch_meter.h"

#define RATE_BPS 300000

static struct bunch_meter b;
static int64_t sent_us, free_us;

static void
begin(void)
{
	memset(&b, 0, sizeof(b));
	sent_us = free_us = 1000000;
}

/* Packets of 100 bytes each 20 ms; each `every` ms all that were sent come. */
static void
bunches(int64_t us, int64_t every_us)
{
	const int64_t end_us = sent_us + us;

	for (; sent_us < end_us; sent_us += 20000) {
		const int64_t at_us = (sent_us + every_us - 1) / every_us *
		    every_us;

		bunch_meter_add(&b, 100, sent_us, at_us, RATE_BPS, at_us);
	}
}

/* Bursts of 2400 bytes, and sound, through a queue before a rate. */
static void
queue(int64_t us, int64_t line_bps)
{
	const int64_t end_us = sent_us + us;

	for (unsigned i = 0; sent_us < end_us; sent_us += 20000, i++) {
		const unsigned count = i % 8 == 0 ? 3 : 1;

		for (unsigned n = 0; n < count; n++) {
			const int64_t bytes = n < count - 1 ? 1200 : 100;

			if (free_us < sent_us)
				free_us = sent_us;
			free_us += bytes * 8000000 / line_bps;
			bunch_meter_add(&b, bytes, sent_us, free_us, line_bps,
			    free_us);
		}
	}
}

static void
what_is_held_back_tells_for_how_long(void **state)
{
	(void)state;
	begin();
	bunches(5000000, 200000);
	assert_in_range(bunch_meter_us(&b), 160000, 200000);
	begin();
	bunches(5000000, 60000);
	assert_in_range(bunch_meter_us(&b), 30000, 60000);
}

static void
a_line_that_lets_them_go_has_none(void **state)
{
	(void)state;
	begin();
	bunches(5000000, 20000);
	assert_int_equal(bunch_meter_us(&b), 0);
}

/* Sound waits behind pictures, and each packet takes its time all the same. */
static void
a_queue_before_a_rate_is_none(void **state)
{
	static const int64_t lines_bps[] = { 128000, 256000, 500000, 2000000 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin();
		queue(10000000, lines_bps[i]);
		assert_in_range(bunch_meter_us(&b), 0, 10000);
	}
}

static void
a_receiver_that_stalls_once_has_no_say(void **state)
{
	(void)state;
	begin();
	bunches(1000000, 20000);
	bunches(200000, 200000);
	bunches(1000000, 20000);
	assert_int_equal(bunch_meter_us(&b), 0);
}

static void
it_is_forgotten_when_it_ends(void **state)
{
	(void)state;
	begin();
	bunches(5000000, 200000);
	bunches(4500000, 20000);
	assert_int_equal(bunch_meter_us(&b), 0);
	/* So it is in a silence. */
	begin();
	bunches(5000000, 200000);
	sent_us += 10000000;
	bunches(40000, 20000);
	assert_int_equal(bunch_meter_us(&b), 0);
}

/* What comes late is no packet of the bunch; an outage is no jitter. */
static void
other_troubles_of_a_line_are_none(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 200; i++, sent_us += 20000) {
		const int64_t late_us = i % 10 == 0 ? 40000 : 0;

		bunch_meter_add(&b, 100, sent_us - late_us, sent_us,
		    RATE_BPS, sent_us);
	}
	bunches(4000000, 2000000);
	assert_in_range(bunch_meter_us(&b), 0, 1000000);
	assert_int_equal(bunch_meter_us(&(struct bunch_meter){ 0 }), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_held_back_tells_for_how_long),
		cmocka_unit_test(a_line_that_lets_them_go_has_none),
		cmocka_unit_test(a_queue_before_a_rate_is_none),
		cmocka_unit_test(a_receiver_that_stalls_once_has_no_say),
		cmocka_unit_test(it_is_forgotten_when_it_ends),
		cmocka_unit_test(other_troubles_of_a_line_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
