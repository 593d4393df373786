/*
 * Fewer frames under load, and all of them again when it is calm.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/frame_ladder.h"

#define SECOND 1000000

struct load {
	struct frame_ladder ladder;
	int64_t             now_us;
};

static void
begin(struct load *l)
{
	l->now_us = 7 * SECOND;
	frame_ladder_init(&l->ladder, l->now_us);
}

/* Seconds of 25 frames of which so many are missed; the fps after them. */
static int
pass(struct load *l, unsigned seconds, unsigned missed, uint64_t late)
{
	while (seconds-- > 0) {
		for (unsigned i = 0; i < 25; i++) {
			frame_ladder_made(&l->ladder, i < missed);
			l->now_us += SECOND / 25;
			frame_ladder_look(&l->ladder, l->now_us, late);
		}
	}
	return frame_ladder_fps(&l->ladder, 25);
}

static void
all_frames_are_made_while_it_is_calm(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_int_equal(pass(&l, 100, 2, 2), 25);
}

static void
late_sound_halves_the_frames_after_three_seconds(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_int_equal(pass(&l, 2, 0, 3), 25);
	assert_int_equal(pass(&l, 1, 0, 0), 25);
	assert_int_equal(pass(&l, 3, 0, 3), 12);
	assert_int_equal(pass(&l, 3, 0, 3), 6);
	assert_int_equal(pass(&l, 10, 0, 50), 6);
}

static void
an_encoder_that_is_behind_halves_them_too(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	assert_int_equal(pass(&l, 3, 3, 0), 12);
}

static void
they_come_back_one_rung_at_a_time(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	pass(&l, 6, 25, 0);
	assert_int_equal(pass(&l, 4, 0, 0), 6);
	assert_int_equal(pass(&l, 1, 0, 0), 12);
	assert_int_equal(pass(&l, 4, 0, 0), 12);
	assert_int_equal(pass(&l, 1, 0, 0), 25);
}

/* At the edge it does not swing each few seconds. */
static void
who_climbed_too_early_waits_longer(void **state)
{
	struct load l;
	unsigned    bad_seconds = 0;

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < 120; i++) {
		const bool all = frame_ladder_fps(&l.ladder, 25) == 25;

		bad_seconds += all;
		pass(&l, 1, all ? 25 : 0, 0);
	}
	assert_in_range(bad_seconds, 6, 24);
	/* After a calm while it is as quick as at first. */
	pass(&l, 100, 0, 0);
	pass(&l, 3, 25, 0);
	assert_int_equal(pass(&l, 5, 0, 0), 25);
}

static void
a_rendition_of_one_frame_a_second_keeps_it(void **state)
{
	struct load l;

	(void)state;
	begin(&l);
	pass(&l, 9, 25, 0);
	assert_int_equal(frame_ladder_fps(&l.ladder, 1), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_frames_are_made_while_it_is_calm),
		cmocka_unit_test(
		    late_sound_halves_the_frames_after_three_seconds),
		cmocka_unit_test(an_encoder_that_is_behind_halves_them_too),
		cmocka_unit_test(they_come_back_one_rung_at_a_time),
		cmocka_unit_test(who_climbed_too_early_waits_longer),
		cmocka_unit_test(a_rendition_of_one_frame_a_second_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
