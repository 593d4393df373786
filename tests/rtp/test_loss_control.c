/*
 * Which rate explains best what was lost.
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
#include "rtp/loss_control.h"

static struct loss_control c;
static struct chance chance;
static int64_t now_us;

/*
 * Sends what may be sent (or `fixed_bps`) over a line that carries
 * `capacity_bps` and loses at random; returns the mean of the second half.
 */
static int64_t
run(int64_t capacity_bps, unsigned permille, int64_t fixed_bps,
    int64_t delay_bps, int64_t us)
{
	const int64_t begin_us = now_us;
	int64_t       sum = 0, count = 0;

	while (now_us < begin_us + us) {
		const int64_t bps = fixed_bps ? fixed_bps :
		    loss_control_bps(&c);
		const struct loss_input in = {
			.delay_bps = delay_bps, .least_bps = 30000,
			.acked_bps = bps * (1000 - permille) / 1000,
		};

		for (int64_t sent = 0; sent < bps / 80; sent += 1000) {
			bool lost = chance_below(&chance, 1000) < permille;

			if (bps > capacity_bps && (int64_t)chance_below(
			    &chance, (uint32_t)bps) > capacity_bps)
				lost = true;
			loss_control_add(&c, 1000, lost, now_us + sent * 80);
		}
		now_us += 100000;
		loss_control_update(&c, &in, now_us);
		if (now_us - begin_us > us / 2) {
			sum += loss_control_bps(&c);
			count++;
		}
	}
	return sum / count;
}

static void
begin(int64_t start_bps)
{
	loss_control_init(&c, start_bps);
	chance.state = 77;
	now_us = 1000000;
}

static void
without_loss_it_is_no_limit(void **state)
{
	(void)state;
	begin(300000);
	assert_int_equal(run(10000000, 0, 0, 2000000, 10000000), 2000000);
	assert_false(c.limits);
}

static void
loss_at_random_is_bounded_but_no_collapse(void **state)
{
	static const struct { unsigned permille; int64_t least, most; } at[] = {
		{ 20, 1900000, 2000000 }, { 50, 1800000, 2000000 },
		{ 100, 1100000, 2000000 }, { 200, 400000, 800000 },
		{ 300, 220000, 480000 }, { 500, 150000, 270000 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		begin(300000);
		assert_in_range(run(10000000, at[i].permille, 0, 2000000,
		    60000000), at[i].least, at[i].most);
	}
}

static void
a_rate_above_the_line_comes_down_to_it(void **state)
{
	(void)state;
	begin(2000000);
	assert_in_range(run(1000000, 0, 0, 3000000, 20000000), 850000,
	    1150000);
}

static void
the_end_of_loss_ends_the_limit(void **state)
{
	(void)state;
	begin(300000);
	assert_true(run(10000000, 300, 0, 2000000, 20000000) < 500000);
	(void)run(10000000, 0, 0, 2000000, 15000000);
	assert_int_equal(loss_control_bps(&c), 2000000);
}

static void
a_probe_that_came_through_lifts_it(void **state)
{
	(void)state;
	begin(300000);
	(void)run(10000000, 200, 150000, 2000000, 20000000);
	loss_control_probed(&c, 5000000);
	assert_in_range(loss_control_bps(&c), 500000, 1400000);
}

static void
few_packets_decide_nothing(void **state)
{
	const struct loss_input in = { .delay_bps = 300000,
	    .least_bps = 30000 };

	(void)state;
	begin(300000);
	for (unsigned i = 0; i < 19; i++) {
		loss_control_add(&c, 1000, true, now_us + i * 100000);
		loss_control_update(&c, &in, now_us + i * 100000);
	}
	assert_int_equal(loss_control_bps(&c), 300000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_loss_it_is_no_limit),
		cmocka_unit_test(loss_at_random_is_bounded_but_no_collapse),
		cmocka_unit_test(a_rate_above_the_line_comes_down_to_it),
		cmocka_unit_test(the_end_of_loss_ends_the_limit),
		cmocka_unit_test(a_probe_that_came_through_lifts_it),
		cmocka_unit_test(few_packets_decide_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
