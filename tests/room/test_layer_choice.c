/*
 * Which layer of a simulcast sender is decoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/layer_choice.h"

#define SECOND 1000000
#define SMALL  (320 * 180)
#define MIDDLE (640 * 360)
#define LARGE  (1280 * 720)

/* Large first, as Firefox has them; the order says nothing. */
static const struct layer_sight all[3] = {
	{ true, LARGE }, { true, MIDDLE }, { true, SMALL },
};

static unsigned
look(struct layer_choice *c, uint32_t tile, int64_t now_us)
{
	return layer_choice_look(c, all, 3, tile, now_us);
}

static void
takes_the_smallest_that_fills_the_tile(void **state)
{
	struct layer_choice c;

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(look(&c, 320 * 180, 0), 2);
	assert_int_equal(look(&c, 1280 * 720, 3 * SECOND), 0);
	assert_int_equal(look(&c, 640 * 360, 6 * SECOND), 1);
	assert_int_equal(look(&c, 480 * 270, 9 * SECOND), 1);
	/* A little more than there is, is not worth four times as much. */
	assert_int_equal(look(&c, 352 * 198, 12 * SECOND), 2);
	assert_int_equal(look(&c, 368 * 207, 15 * SECOND), 1);
	/* There is none for this one. */
	assert_int_equal(look(&c, 1920 * 1080, 18 * SECOND), 0);
}

/* Each change of size costs, and a decoder has a budget for these. */
static void
does_not_change_more_often_than_may_be(void **state)
{
	struct layer_choice c;
	unsigned            changes = 0, before;

	(void)state;
	layer_choice_init(&c);
	before = look(&c, LARGE, 0);
	for (int64_t now_us = 0; now_us < 100 * SECOND; now_us += 100000) {
		const unsigned now = look(&c, now_us / 100000 % 2 ? LARGE :
		    SMALL, now_us);

		changes += now != before;
		before = now;
	}
	assert_in_range(changes, 35, 43);
}

static void
what_is_not_known_is_not_chosen(void **state)
{
	struct layer_choice c;
	struct layer_sight  few[3] = { { true, 0 }, { false, MIDDLE } };

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(layer_choice_look(&c, few, 3, LARGE, 0), LAYER_NONE);
	few[0].pixels = SMALL;
	assert_int_equal(layer_choice_look(&c, few, 3, LARGE, 0), 0);
	few[1].comes = true;
	assert_int_equal(layer_choice_look(&c, few, 3, LARGE, 3 * SECOND), 1);
}

static void
one_that_stops_is_left_at_once_and_trusted_again_later(void **state)
{
	struct layer_choice c;
	struct layer_sight  some[3] = { all[0], all[1], all[2] };
	int64_t             now_us = 0;

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE, now_us), 0);
	for (int64_t trust_us = 5 * SECOND; trust_us <= 40 * SECOND;
	    trust_us *= 2) {
		some[0].comes = false;
		assert_int_equal(layer_choice_look(&c, some, 3, LARGE,
		    now_us += SECOND), 1);
		some[0].comes = true;
		assert_int_equal(layer_choice_look(&c, some, 3, LARGE,
		    now_us += SECOND), 1);
		now_us += trust_us;
		assert_int_equal(layer_choice_look(&c, some, 3, LARGE,
		    now_us - 1), 1);
		assert_int_equal(layer_choice_look(&c, some, 3, LARGE,
		    now_us), 0);
	}
	/* A minute without a stop, and all is forgotten. */
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE,
	    now_us += 61 * SECOND), 0);
	some[0].comes = false;
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE, ++now_us), 1);
	some[0].comes = true;
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE, ++now_us), 1);
	now_us += 5 * SECOND;
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE, now_us), 0);
}

static void
one_that_stops_while_not_wanted_is_trusted(void **state)
{
	struct layer_choice c;
	struct layer_sight  some[3] = { all[0], all[1], all[2] };

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL, 0), 2);
	some[0].comes = false;
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL, 1), 2);
	some[0].comes = true;
	assert_int_equal(layer_choice_look(&c, some, 3, LARGE, 3 * SECOND), 0);
}

/*
 * Told to send what a small tile takes, libwebrtc stops all layers but the
 * one that it was given first, which may be the largest.
 */
static void
who_sends_the_largest_alone_is_taken_as_he_is(void **state)
{
	struct layer_choice c;
	struct layer_sight  some[3] = { all[0], all[1], all[2] };
	int64_t             now_us = 0;

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(look(&c, LARGE, now_us), 0);
	assert_int_equal(look(&c, SMALL, now_us += 3 * SECOND), 2);
	some[1].comes = some[2].comes = false;
	for (int i = 0; i < 90 * 15; i++)
		assert_int_equal(layer_choice_look(&c, some, 3, SMALL,
		    now_us += SECOND / 15), 0);
	/* For a moment: worth no change. */
	some[2].comes = true;
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL,
	    now_us += SECOND), 0);
	some[2].comes = false;
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL,
	    now_us += SECOND), 0);
	/* For good. */
	some[2].comes = true;
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL,
	    now_us += SECOND), 0);
	assert_int_equal(layer_choice_look(&c, some, 3, SMALL,
	    now_us += 5 * SECOND), 2);
}

static void
when_all_are_silent_the_choice_stays(void **state)
{
	static const struct layer_sight silent[3] = {
		{ false, LARGE }, { false, MIDDLE }, { false, SMALL },
	};
	struct layer_choice c;

	(void)state;
	layer_choice_init(&c);
	assert_int_equal(look(&c, MIDDLE, 0), 1);
	assert_int_equal(layer_choice_look(&c, silent, 3, MIDDLE, 1), 1);
	/* The only one that comes is better than none. */
	assert_int_equal(layer_choice_look(&c, (struct layer_sight[3]){
	    { false, LARGE }, { true, MIDDLE }, { false, SMALL } }, 3,
	    MIDDLE, 2), 1);
}

/* Products of two sizes are above 32 bits. */
static void
all_layers_change_alike(void **state)
{
	(void)state;
	assert_int_equal(layer_scaled(LARGE, MIDDLE, SMALL), MIDDLE);
	assert_int_equal(layer_scaled(MIDDLE, SMALL, MIDDLE), LARGE);
	assert_int_equal(layer_scaled(MIDDLE, LARGE, 1920 * 1080), 518400);
	assert_int_equal(layer_scaled(0, LARGE, MIDDLE), 0);
	assert_int_equal(layer_scaled(UINT32_MAX, 1, UINT32_MAX), UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_smallest_that_fills_the_tile),
		cmocka_unit_test(does_not_change_more_often_than_may_be),
		cmocka_unit_test(what_is_not_known_is_not_chosen),
		cmocka_unit_test(
		    one_that_stops_is_left_at_once_and_trusted_again_later),
		cmocka_unit_test(one_that_stops_while_not_wanted_is_trusted),
		cmocka_unit_test(
		    who_sends_the_largest_alone_is_taken_as_he_is),
		cmocka_unit_test(when_all_are_silent_the_choice_stays),
		cmocka_unit_test(all_layers_change_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
