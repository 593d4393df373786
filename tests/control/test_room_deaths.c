/*
 * Rooms that die again and again, and the tags of ICE sessions.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "control/ice_patch.h"
#include "control/room_deaths.h"

#define SECOND INT64_C(1000000)

static void
closes_a_room_at_the_third_death_in_a_minute(void **state)
{
	struct room_deaths *deaths;

	(void)state;
	assert_int_equal(room_deaths_new(&deaths), 0);
	assert_false(room_deaths_note(deaths, 0, "blue"));
	assert_false(room_deaths_note(deaths, 30 * SECOND, "blue"));
	assert_false(room_deaths_note(deaths, 30 * SECOND, "red"));
	assert_int_equal(room_deaths_closed_s(deaths, 59 * SECOND, "blue"), 0);
	assert_true(room_deaths_note(deaths, 60 * SECOND, "blue"));
	assert_int_equal(room_deaths_closed_s(deaths, 60 * SECOND, "blue"),
	    60);
	assert_int_equal(room_deaths_closed_s(deaths, 60 * SECOND + 1,
	    "blue"), 60);
	assert_int_equal(room_deaths_closed_s(deaths, 119 * SECOND, "blue"),
	    1);
	assert_int_equal(room_deaths_closed_s(deaths, 120 * SECOND, "blue"),
	    0);
	assert_int_equal(room_deaths_closed_s(deaths, 60 * SECOND, "red"), 0);
	assert_int_equal(room_deaths_closed_s(deaths, 60 * SECOND, "none"),
	    0);
	room_deaths_free(&deaths);
	assert_null(deaths);
}

static void
forgives_deaths_that_are_far_apart(void **state)
{
	struct room_deaths *deaths;

	(void)state;
	assert_int_equal(room_deaths_new(&deaths), 0);
	for (int i = 0; i < 20; i++)
		assert_false(room_deaths_note(deaths, i * 31 * SECOND,
		    "blue"));
	assert_true(room_deaths_note(deaths, 19 * 31 * SECOND + 1, "blue"));
	/* One more chance after that, and another count of three. */
	assert_false(room_deaths_note(deaths, 655 * SECOND, "blue"));
	room_deaths_free(&deaths);
}

static void
remembers_256_rooms_and_the_latest(void **state)
{
	struct room_deaths *deaths;
	char                name[16];

	(void)state;
	assert_int_equal(room_deaths_new(&deaths), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		assert_false(room_deaths_note(deaths, i, name));
		assert_false(room_deaths_note(deaths, i, name));
	}
	assert_true(room_deaths_note(deaths, 1000, "r999"));
	assert_true(room_deaths_note(deaths, 1000, "r744"));
	assert_false(room_deaths_note(deaths, 1000, "r743"));
	room_deaths_free(&deaths);
}

static void
matches_strong_tags_only(void **state)
{
	static const char tag[] = "\"0123456789abcdef\"";

	(void)state;
	assert_true(ice_patch_matches("\"0123456789abcdef\"", tag));
	assert_true(ice_patch_matches("*", tag));
	assert_true(ice_patch_matches("\"*\"", tag));
	assert_true(ice_patch_matches("\"a\", \"0123456789abcdef\"", tag));
	assert_true(ice_patch_matches("\"a\",\t\"0123456789abcdef\" ,\"b\"",
	    tag));
	assert_false(ice_patch_matches("", tag));
	assert_false(ice_patch_matches(", ,", tag));
	assert_false(ice_patch_matches("W/\"0123456789abcdef\"", tag));
	assert_false(ice_patch_matches("0123456789abcdef", tag));
	assert_false(ice_patch_matches("\"0123456789abcdef", tag));
	assert_false(ice_patch_matches("\"0123456789abcdef\"x", tag));
	assert_false(ice_patch_matches("**", tag));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_a_room_at_the_third_death_in_a_minute),
		cmocka_unit_test(forgives_deaths_that_are_far_apart),
		cmocka_unit_test(remembers_256_rooms_and_the_latest),
		cmocka_unit_test(matches_strong_tags_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
