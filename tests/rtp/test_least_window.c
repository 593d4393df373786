/*
 * The least value of a window that slides on in slots.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/least_window.h"

#define SLOT  100
#define SLOTS 5

static void
has_none_at_first(void **state)
{
	struct least_window w;

	(void)state;
	least_window_init(&w, SLOT, SLOTS, 7 * SLOT);
	assert_true(least_window_get(&w) == INT64_MAX);
}

static void
keeps_the_least_until_its_slot_is_gone(void **state)
{
	struct least_window w;

	(void)state;
	least_window_init(&w, SLOT, SLOTS, 0);
	least_window_add(&w, 30, 10);
	least_window_add(&w, 10, 50);
	least_window_add(&w, 20, 99);
	for (int64_t at = SLOT; at < SLOTS * SLOT; at += SLOT) {
		least_window_add(&w, 40, at);
		assert_int_equal(least_window_get(&w), 10);
	}
	least_window_add(&w, 50, SLOTS * SLOT);
	assert_int_equal(least_window_get(&w), 40);
}

static void
forgets_all_in_a_long_silence(void **state)
{
	struct least_window w;

	(void)state;
	least_window_init(&w, SLOT, SLOTS, 0);
	least_window_add(&w, -5, 0);
	least_window_add(&w, 60, INT64_C(1000000000) * SLOT);
	assert_int_equal(least_window_get(&w), 60);
}

static void
what_comes_out_of_order_counts_as_new(void **state)
{
	struct least_window w;

	(void)state;
	least_window_init(&w, SLOT, SLOTS, 10 * SLOT);
	least_window_add(&w, 20, 12 * SLOT);
	least_window_add(&w, 10, 11 * SLOT);
	assert_int_equal(least_window_get(&w), 10);
	least_window_add(&w, 30, 16 * SLOT);
	assert_int_equal(least_window_get(&w), 10);
	least_window_add(&w, 30, 17 * SLOT);
	assert_int_equal(least_window_get(&w), 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_none_at_first),
		cmocka_unit_test(keeps_the_least_until_its_slot_is_gone),
		cmocka_unit_test(forgets_all_in_a_long_silence),
		cmocka_unit_test(what_comes_out_of_order_counts_as_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
