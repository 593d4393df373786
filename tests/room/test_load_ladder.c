/*
 * What is left out under load, and how soon all is as before.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/load_ladder.h"

#define SECOND 1000000

struct load {
	struct load_ladder ladder;
	int64_t            now_us;
};

static const struct load_look calm = { 2, false, false, 20 };
static const struct load_look unknown = { 0, false, false,
	LOAD_IDLE_UNKNOWN };
static const struct load_look idle = { 0, false, false, 70 };
static const struct load_look late = { 3, false, false, 0 };
static const struct load_look behind = { 0, true, false, 0 };
static const struct load_look high = { 0, false, true, 10 };

static void
begin(struct load *l)
{
	l->now_us = 7 * SECOND;
	load_ladder_init(&l->ladder, l->now_us);
}

/* The step after so many seconds of this. */
static unsigned
pass(struct load *l, unsigned seconds, const struct load_look *look)
{
	while (seconds-- > 0) {
		const enum load_step before = l->ladder.step;
		bool                 other;

		l->now_us += SECOND;
		other = load_ladder_look(&l->ladder, look, l->now_us);
		assert_int_equal(other, l->ladder.step != before);
	}
	return l->ladder.step;
}

static void
nothing_is_left_out_while_it_is_calm(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_int_equal(pass(&l, 100, &calm), LOAD_ALL);
	assert_int_equal(load_ladder_shift(&l.ladder), 0);
}

static void
each_three_seconds_of_trouble_are_a_step(void **state)
{
	const struct load_look *troubles[] = { &late, &behind, &high };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct load l;

		begin(&l);
		assert_int_equal(pass(&l, 2, troubles[i]), LOAD_ALL);
		/* A burst is not overload. */
		assert_int_equal(pass(&l, 1, &calm), LOAD_ALL);
		assert_int_equal(pass(&l, 3, troubles[i]), LOAD_HALF);
		assert_int_equal(load_ladder_shift(&l.ladder), 1);
		assert_int_equal(pass(&l, 3, troubles[i]), LOAD_SMALL);
		assert_int_equal(pass(&l, 3, troubles[i]), LOAD_STILL);
		assert_int_equal(load_ladder_shift(&l.ladder), 1);
		assert_int_equal(pass(&l, 3, troubles[i]), LOAD_QUARTER);
		assert_int_equal(load_ladder_shift(&l.ladder), 2);
		assert_int_equal(pass(&l, 30, troubles[i]), LOAD_QUARTER);
	}
}

static void
all_is_back_within_seven_seconds_when_the_load_has_ended(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_int_equal(pass(&l, 100, &late), LOAD_QUARTER);
	assert_int_equal(pass(&l, 1, &idle), LOAD_QUARTER);
	assert_int_equal(pass(&l, 1, &idle), LOAD_STILL);
	assert_int_equal(pass(&l, 3, &idle), LOAD_ALL);

	/* Also after attempts that failed while it went on. */
	begin(&l);
	pass(&l, 12, &late);
	for (unsigned i = 0; i < 100; i++)
		pass(&l, 1, l.ladder.step < LOAD_STILL ? &late : &calm);
	assert_int_equal(pass(&l, 7, &idle), LOAD_ALL);
}

/* With what is left out much is idle, and with all of it nothing. */
static void
idle_that_was_not_enough_is_waited_for_longer(void **state)
{
	static const struct load_look half = { 0, false, false, 50 };
	struct load l;
	unsigned    bad = 0;

	(void)state;
	begin(&l);
	pass(&l, 9, &behind);
	for (unsigned i = 0; i < 120; i++) {
		const bool much = l.ladder.step < LOAD_STILL;

		bad += much;
		pass(&l, 1, much ? &behind : &half);
	}
	assert_in_range(bad, 6, 40);
	/* The load ends. */
	assert_int_equal(pass(&l, 6, &idle), LOAD_ALL);
}

static void
where_little_is_idle_it_comes_back_one_step_in_five_seconds(void **state)
{
	const struct load_look *quiet[] = { &calm, &unknown };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct load l;

		begin(&l);
		pass(&l, 6, &behind);
		assert_int_equal(pass(&l, 4, quiet[i]), LOAD_SMALL);
		assert_int_equal(pass(&l, 1, quiet[i]), LOAD_HALF);
		assert_int_equal(pass(&l, 4, quiet[i]), LOAD_HALF);
		assert_int_equal(pass(&l, 1, quiet[i]), LOAD_ALL);
	}
}

/* How many of 120 s are spent on all when that is always too much. */
static unsigned
bad_seconds(struct load *l, const struct load_look *quiet)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 120; i++) {
		const bool all = l->ladder.step == LOAD_ALL;

		count += all;
		pass(l, 1, all ? &behind : quiet);
	}
	return count;
}

/* At the edge it does not swing each few seconds. */
static void
who_climbed_too_early_waits_longer(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_in_range(bad_seconds(&l, &calm), 6, 24);
	/* After a calm while it is as quick as at first. */
	pass(&l, 100, &calm);
	pass(&l, 3, &behind);
	assert_int_equal(pass(&l, 5, &calm), LOAD_ALL);

	/* One thread may be too slow though most processors are idle. */
	begin(&l);
	assert_in_range(bad_seconds(&l, &idle), 6, 45);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_out_while_it_is_calm),
		cmocka_unit_test(each_three_seconds_of_trouble_are_a_step),
		cmocka_unit_test(
		    all_is_back_within_seven_seconds_when_the_load_has_ended),
		cmocka_unit_test(idle_that_was_not_enough_is_waited_for_longer),
		cmocka_unit_test(
		    where_little_is_idle_it_comes_back_one_step_in_five_seconds),
		cmocka_unit_test(who_climbed_too_early_waits_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
