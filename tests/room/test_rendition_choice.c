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

static const struct rendition_rungs rates = {
	3, 3, { 1500000, 500000, 150000 },
};

/* All of them, as for sound at 40 kbit/s. */
static const struct rendition_rungs all = {
	6, 5, { 1500000, 500000, 300000, 150000, 80000, 30000 },
};

#define RESERVE_BPS 40000
#define STILLS 5
#define SOUND  6

struct viewer {
	struct rendition_choice choice;
	int64_t                 now_us;
	unsigned                largest;
	uint64_t                estimate_bps;	/* of transport feedback */
	unsigned                probes;		/* asked for so far */
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
			.sent_bps = rates.bps[rung], .loss_q8 = loss_q8,
		};

		v->now_us += SECOND;
		link.estimate_bps = line_bps && link.sent_bps > line_bps ?
		    line_bps * 9 / 10 : link.sent_bps * 3 / 2;
		rung = rendition_choice_update(&v->choice, &link,
		    &rates, v->largest, v->now_us);
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
	struct rendition_link link = { .estimate_bps = 300000 };

	(void)state;
	/* A still picture begins to move: the estimate follows slowly. */
	for (int i = 0; i < 20; i++) {
		v.now_us += SECOND;
		link.sent_bps = 1400000;
		link.estimate_bps = link.estimate_bps * 108 / 100;
		assert_int_equal(rendition_choice_update(&v.choice, &link,
		    &rates, 0, v.now_us), 0);
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
		    &rates, 0, v.now_us), 0);
	}
}

/* ---- with transport feedback, looked at twice a second ------------------- */

static uint32_t
rung_bps(unsigned rung)
{
	return rung < all.count ? all.bps[rung] : 0;
}

/*
 * Lives on a line whose estimate is our own: cut when the line is full, never
 * above half as much again as is sent, but for what a probe has shown.
 */
static unsigned
live_measured(struct viewer *v, int seconds, uint64_t line_bps,
    unsigned loss_q8)
{
	unsigned rung = v->choice.rung;

	for (int i = 0; i < 2 * seconds; i++) {
		struct rendition_link link = {
			.reserve_bps = RESERVE_BPS,
			.sent_bps = rung_bps(rung),
			.loss_q8 = loss_q8,
			.probes = true,
		};
		const uint64_t sent = link.sent_bps + RESERVE_BPS;
		const uint64_t probe =
		    rendition_choice_probe_bps(&v->choice);

		v->now_us += SECOND / 2;
		if (probe > 0) {
			v->probes++;
			v->estimate_bps = probe < line_bps ? probe :
			    line_bps * 95 / 100;
		}
		if (sent > line_bps) {
			link.overused = true;
			link.queue_us = SECOND / 2;
			v->estimate_bps = line_bps * 85 / 100;
		} else if (v->estimate_bps < sent * 5 / 4) {
			v->estimate_bps = sent * 5 / 4 < line_bps ?
			    sent * 5 / 4 : line_bps;
		}
		link.estimate_bps = v->estimate_bps;
		rung = rendition_choice_update(&v->choice, &link, &all,
		    v->largest, v->now_us);
	}
	return rung;
}

static void
gets_what_fits_beside_the_sound(void **state)
{
	static const struct {
		uint64_t line_bps;
		unsigned rung;
	} lines[] = {
		{ 5000000, 0 }, { 1000000, 1 }, { 500000, 2 }, { 300000, 3 },
		{ 180000, 4 }, { 100000, STILLS }, { 48000, SOUND },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct viewer v = viewer_of(0);

		live_measured(&v, 2, 5000000, 0);
		assert_int_equal(live_measured(&v, 2, lines[i].line_bps, 0),
		    lines[i].rung);
	}
}

static void
is_at_the_top_fifteen_seconds_after_a_thin_line_is_wide(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	live_measured(&v, 30, 5000000, 0);
	assert_int_equal(live_measured(&v, 60, 300000, 0), 3);
	assert_int_equal(live_measured(&v, 15, 5000000, 0), 0);
}

static void
comes_back_from_sound_alone(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	live_measured(&v, 30, 5000000, 0);
	assert_int_equal(live_measured(&v, 30, 40000, 0), SOUND);
	assert_int_equal(live_measured(&v, 40, 5000000, 0), 0);
}

/* A picture that stands still takes next to nothing, and so does its REMB. */
static void
a_still_picture_is_no_thin_line(void **state)
{
	struct viewer               v = viewer_of(0);
	const struct rendition_link link = { .reserve_bps = 52000,
		.sent_bps = 15000, .sound_bps = 32000,
		.estimate_bps = 30000 };

	(void)state;
	for (int i = 0; i < 60; i++) {
		v.now_us += SECOND;
		assert_int_equal(rendition_choice_update(&v.choice, &link,
		    &all, 0, v.now_us), 0);
	}
}

/* What is sent of stills in one second may be nothing. */
static void
stills_end_by_what_they_take_on_the_whole(void **state)
{
	struct viewer         v = viewer_of(0);
	struct rendition_link link = { .estimate_bps = 40000,
		.reserve_bps = RESERVE_BPS, .sound_bps = 32000 };
	unsigned              rung = STILLS;

	(void)state;
	v.choice.rung = rung;
	for (int i = 0; i < 7; i++) {
		v.now_us += SECOND;
		link.sent_bps = i % 2 ? 60000 : 0;
		rung = rendition_choice_update(&v.choice, &link, &all, STILLS,
		    v.now_us);
	}
	assert_int_equal(rung, SOUND);
}

static void
climbs_only_when_a_probe_passed(void **state)
{
	struct viewer v = viewer_of(0);
	unsigned      before;

	(void)state;
	live_measured(&v, 30, 5000000, 0);
	live_measured(&v, 5, 800000, 0);
	before = v.choice.rung;
	assert_int_equal(before, 1);
	v.probes = 0;
	for (int i = 0; i < 300; i++)
		assert_int_equal(live_measured(&v, 1, 800000, 0), before);
	/* Each is a burst on a line that has no room for it. */
	assert_in_range(v.probes, 20, 150);
}

static void
asks_for_a_tenth_more_than_the_next_rung_needs(void **state)
{
	struct viewer               v = viewer_of(0);
	const struct rendition_link link = { .reserve_bps = RESERVE_BPS,
		.estimate_bps = 700000, .sent_bps = 500000, .probes = true };

	(void)state;
	v.choice.rung = 1;
	for (int i = 0; i < 2; i++) {
		v.now_us += SECOND;
		rendition_choice_update(&v.choice, &link, &all, 0, v.now_us);
	}
	assert_in_range(rendition_choice_probe_bps(&v.choice),
	    (1650000 + RESERVE_BPS) * 10 / 9,
	    (1650000 + RESERVE_BPS) * 10 / 9 + 2);
}

static void
random_loss_on_a_wide_line_takes_nothing(void **state)
{
	struct viewer v = viewer_of(0);

	(void)state;
	live_measured(&v, 30, 5000000, 0);
	for (int i = 0; i < 60; i++)
		assert_int_equal(live_measured(&v, 1, 5000000, 77), 0);
}

static void
loss_without_probes_leaves_moving_pictures(void **state)
{
	struct viewer         v = viewer_of(0);
	struct rendition_link link = { .loss_q8 = 77 };
	unsigned              rung = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		v.now_us += SECOND;
		link.sent_bps = rung_bps(rung);
		rung = rendition_choice_update(&v.choice, &link, &all, 0,
		    v.now_us);
	}
	assert_int_equal(rung, STILLS - 1);
}

static void
a_queue_that_grows_is_fled_at_once(void **state)
{
	struct viewer               v = viewer_of(0);
	const struct rendition_link link = { .reserve_bps = RESERVE_BPS,
		.estimate_bps = 400000, .sent_bps = 1500000, .probes = true,
		.overused = true, .queue_us = 400000 };

	(void)state;
	assert_int_equal(rendition_choice_update(&v.choice, &link, &all, 0,
	    v.now_us + SECOND / 5), 2);
}

static void
never_asks_for_more_than_it_may_have(void **state)
{
	struct viewer v = viewer_of(3);

	(void)state;
	for (int i = 0; i < 120; i++) {
		assert_int_equal(live_measured(&v, 1, 5000000, 0), 3);
		assert_int_equal(rendition_choice_probe_bps(&v.choice), 0);
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
		cmocka_unit_test(gets_what_fits_beside_the_sound),
		cmocka_unit_test(
		    is_at_the_top_fifteen_seconds_after_a_thin_line_is_wide),
		cmocka_unit_test(comes_back_from_sound_alone),
		cmocka_unit_test(a_still_picture_is_no_thin_line),
		cmocka_unit_test(stills_end_by_what_they_take_on_the_whole),
		cmocka_unit_test(climbs_only_when_a_probe_passed),
		cmocka_unit_test(
		    asks_for_a_tenth_more_than_the_next_rung_needs),
		cmocka_unit_test(random_loss_on_a_wide_line_takes_nothing),
		cmocka_unit_test(loss_without_probes_leaves_moving_pictures),
		cmocka_unit_test(a_queue_that_grows_is_fled_at_once),
		cmocka_unit_test(never_asks_for_more_than_it_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
