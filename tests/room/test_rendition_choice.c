/*
 * A viewer's way up and down the renditions, second by second.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/rendition_choice.h"

#define SECOND 1000000

static const uint32_t rates[] = { 1500000, 500000, 150000 };

struct viewer {
	struct rendition_choice choice;
	int64_t                 now_us;
	unsigned                largest;
};

static struct viewer
viewer_of(unsigned largest)
{
	struct viewer v = { .now_us = 100 * SECOND, .largest = largest };

	rendition_choice_init(&v.choice, largest, v.now_us);
	return v;
}

/*
 * Lives for some seconds on a line of `line_bps` (0: wide enough); the
 * receiver's estimate is what such receivers say: nine tenths of what comes
 * when the line is full, else at most half as much again as is sent.
 */
static unsigned
live(struct viewer *v, int seconds, uint64_t line_bps, unsigned loss_q8)
{
	unsigned rung = v->choice.rung;

	for (int i = 0; i < seconds; i++) {
		struct rendition_link link = {
			.sent_bps = rates[rung], .loss_q8 = loss_q8,
		};

		v->now_us += SECOND;
		link.remb_bps = line_bps && link.sent_bps > line_bps ?
		    line_bps * 9 / 10 : link.sent_bps * 3 / 2;
		rung = rendition_choice_update(&v->choice, &link, rates, 3,
		    v->largest, v->now_us);
	}
	return rung;
}

static void
stays_at_the_top_of_a_good_line(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	for (int i = 0; i < 600; i++)
		assert_int_equal(live(&v, 1, 0, 0), 0);
}

static void
never_gets_more_than_it_asked_for(void **state)
{
	struct viewer v = viewer_of(1);

	(void)state;
	for (int i = 0; i < 120; i++)
		assert_int_equal(live(&v, 1, 0, 0), 1);
	v.largest = 2;
	assert_int_equal(live(&v, 1, 0, 0), 2);
}

static void
goes_down_to_what_fits_within_four_seconds(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	assert_int_equal(live(&v, 30, 0, 0), 0);
	assert_int_equal(live(&v, 4, 700000, 0), 1);
	v = viewer_of(0);
	assert_int_equal(live(&v, 30, 0, 0), 0);
	assert_int_equal(live(&v, 4, 300000, 0), 2);
}

static void
goes_down_by_loss_alone(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	assert_int_equal(live(&v, 4, 0, 64), 1);
	assert_int_equal(live(&v, 4, 0, 64), 2);
	/* Five in a hundred are repaired, not fled from. */
	v = viewer_of(0);
	assert_int_equal(live(&v, 60, 0, 12), 0);
}

static void
climbs_again_when_the_line_is_good(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	live(&v, 60, 0, 0);
	assert_int_equal(live(&v, 5, 300000, 0), 2);
	assert_int_equal(live(&v, 16, 0, 0), 0);
}

static void
failed_climbs_become_rare(void **state)
{
	struct viewer v = viewer_of(0);
	unsigned      climbs = 0, before = 0, rung;

	(void)state;
	live(&v, 60, 0, 0);
	for (int i = 0; i < 300; i++) {
		rung = live(&v, 1, 700000, 0);
		climbs += rung < before;
		before = rung;
	}
	/* Not one each seven seconds, which would be 43. */
	assert_in_range(climbs, 3, 9);
}

static void
an_estimate_that_grows_is_not_believed_low(void **state)
{
	struct viewer         v = viewer_of(0);
	struct rendition_link link = { .remb_bps = 300000 };

	(void)state;
	/* A still picture begins to move: the estimate follows slowly. */
	for (int i = 0; i < 20; i++) {
		v.now_us += SECOND;
		link.sent_bps = 1400000;
		link.remb_bps = link.remb_bps * 108 / 100;
		assert_int_equal(rendition_choice_update(&v.choice, &link,
		    rates, 3, 0, v.now_us), 0);
	}
}

static void
a_viewer_who_reports_nothing_keeps_his_size(void **state)
{
	struct viewer               v = viewer_of(0);
	const struct rendition_link link = { .sent_bps = 1500000 };

	(void)state;
	for (int i = 0; i < 60; i++) {
		v.now_us += SECOND;
		assert_int_equal(rendition_choice_update(&v.choice, &link,
		    rates, 3, 0, v.now_us), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_at_the_top_of_a_good_line),
		cmocka_unit_test(never_gets_more_than_it_asked_for),
		cmocka_unit_test(goes_down_to_what_fits_within_four_seconds),
		cmocka_unit_test(goes_down_by_loss_alone),
		cmocka_unit_test(climbs_again_when_the_line_is_good),
		cmocka_unit_test(failed_climbs_become_rare),
		cmocka_unit_test(an_estimate_that_grows_is_not_believed_low),
		cmocka_unit_test(a_viewer_who_reports_nothing_keeps_his_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
