/*
 * What is kept of the capacity of a line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/link_capacity.h"

static void
is_not_known_at_first_and_when_forgotten(void **state)
{
	struct link_capacity c = { .known = false };

	(void)state;
	link_capacity_overused(&c, 500000);
	assert_true(c.known);
	assert_in_range(link_capacity_bps(&c), 499999, 500001);
	link_capacity_forget(&c);
	assert_false(c.known);
}

static void
follows_slowly_at_overuse_and_fast_at_a_probe(void **state)
{
	struct link_capacity c = { .known = false };

	(void)state;
	link_capacity_overused(&c, 500000);
	link_capacity_overused(&c, 600000);
	assert_in_range(link_capacity_bps(&c), 504000, 506000);
	link_capacity_probed(&c, 1000000);
	assert_in_range(link_capacity_bps(&c), 740000, 760000);
}

static void
its_bounds_enclose_it(void **state)
{
	struct link_capacity c = { .known = false };

	(void)state;
	for (int i = 0; i < 100; i++)
		link_capacity_overused(&c, 400000 + i % 10 * 20000);
	assert_true(link_capacity_upper_bps(&c) > link_capacity_bps(&c));
	assert_true(link_capacity_lower_bps(&c) < link_capacity_bps(&c));
	link_capacity_overused(&c, 0);
	assert_true(link_capacity_lower_bps(&c) >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_not_known_at_first_and_when_forgotten),
		cmocka_unit_test(follows_slowly_at_overuse_and_fast_at_a_probe),
		cmocka_unit_test(its_bounds_enclose_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
