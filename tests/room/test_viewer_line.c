/*
 * What a viewer gets on bad lines that do not exist (viewer_model.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounds are those of the matrix of cells (docs/MATRIX.md), a little wider.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "viewer_model.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)
#define KBPS INT64_C(1000)

#define SEEDS 2
#define LOSSY_SEEDS 8
#define JITTERY_SEEDS 3
#define STILLS 5
#define SOUND  6

/* After 10 s of it; 0 kbit/s: any rate. */
static struct viewer_model *
begin(uint64_t seed, int64_t kbps, unsigned loss_permille, unsigned run)
{
	struct viewer_model *m = viewer_model_new(seed, true);
	struct viewer_line  *line = viewer_model_line(m);

	line->capacity_bps = kbps * KBPS;
	line->loss_permille = loss_permille;
	line->loss_run = run;
	viewer_model_run(m, 10 * S);
	viewer_model_measure(m);
	return m;
}

/* What was seen when a test fails. */
static void
note(const struct viewer_figures *f)
{
	printf("# rungs");
	for (unsigned i = 0; i < VIEWER_RUNGS; i++)
		printf(" %.0f%%", 100 * f->rung_share[i]);
	printf(", %u moves; sound lost %.2f%%, gap %d ms; %.1f pictures/s, "
	    "pause %d ms; queue %d ms, used %.0f%%\n", f->moves,
	    100 * f->sound_lost, (int)(f->sound_gap_us / MS),
	    f->pictures_per_s, (int)(f->pause_us / MS),
	    (int)(f->queue_p95_us / MS), 100 * f->used);
}

static double
share(const struct viewer_figures *f, unsigned best, unsigned worst)
{
	double sum = 0;

	for (unsigned i = best; i <= worst; i++)
		sum += f->rung_share[i];
	return sum;
}

static void
each_rate_gets_what_it_carries(void **state)
{
	static const struct {
		int64_t  kbps;
		unsigned best, worst;	/* rungs */
		double   used, pictures_per_s;
		unsigned moves;
	} lines[] = {
		{ 40, STILLS, SOUND, .5, 0, 8 },
		{ 64, STILLS, SOUND, .5, 0.15, 8 },
		{ 80, STILLS, STILLS, .6, 0.3, 2 },
		{ 128, 4, 4, .8, 6, 4 },
		{ 150, 4, 4, .6, 7, 2 },
		{ 256, 3, 3, .6, 13, 2 },
		{ 500, 2, 3, .6, 11, 8 },
		{ 1000, 1, 1, .58, 23, 2 },
		{ 2000, 0, 0, .6, 23, 0 },
		{ 0, 0, 0, 0, 24, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct viewer_model *m = begin(seed, lines[i].kbps, 0,
			    1);
			struct viewer_figures f;

			viewer_model_run(m, 60 * S);
			f = viewer_model_figures(m);
			printf("# %d kbit/s\n", (int)lines[i].kbps);
			note(&f);
			assert_true(share(&f, lines[i].best, lines[i].worst) >
			    .8);
			assert_true(f.used >= lines[i].used);
			assert_true(f.pictures_per_s >=
			    lines[i].pictures_per_s);
			assert_in_range(f.moves, 0, lines[i].moves);
			/* Sound is held back by receivers for what is late. */
			if (lines[i].kbps > 64)
				assert_in_range(f.picture_late_us, 0,
				    600 * MS);
			assert_true(f.sound_lost < (lines[i].kbps < 64 ? .08 :
			    .01));
			assert_in_range(f.sound_gap_us, 0, lines[i].kbps < 64 ?
			    1500 * MS : 300 * MS);
			/* The last rung that moves takes nearly all of 128. */
			assert_in_range(f.queue_p95_us, 0, lines[i].kbps < 128 ?
			    450 * MS : lines[i].kbps == 128 ? 250 * MS :
			    220 * MS);
			viewer_model_free(m);
		}
	}
}

static void
begins_without_a_flood_and_is_soon_at_the_top(void **state)
{
	static const int64_t thin_kbps[] = { 64, 128, 256 };
	struct viewer_model *m;
	struct viewer_figures f;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		m = viewer_model_new(1, true);
		viewer_model_line(m)->capacity_bps = thin_kbps[i] * KBPS;
		viewer_model_run(m, 5 * S);
		f = viewer_model_figures(m);
		note(&f);
		assert_in_range(f.queue_most_us, 0, 350 * MS);
		assert_true(f.sound_lost < .1);
		viewer_model_free(m);
	}
	m = viewer_model_new(1, true);
	viewer_model_run(m, S);
	assert_true(viewer_model_figures(m).pictures_per_s > 5);
	viewer_model_run(m, 1500 * MS);
	assert_int_equal(viewer_model_figures(m).rung, 0);
	viewer_model_free(m);
}

static void
without_reports_by_packet_it_is_as_ever(void **state)
{
	struct viewer_model *m = viewer_model_new(1, false);
	struct viewer_figures f;

	(void)state;
	viewer_model_run(m, 20 * S);
	f = viewer_model_figures(m);
	assert_true(f.rung_share[0] > .99);
	assert_true(f.pictures_per_s > 23);
	assert_int_equal(f.probes, 0);
	viewer_model_free(m);
}

/* Of several runs, as one depends on which packets it loses; in sums. */
static void
run_lossy(unsigned permille, unsigned run, struct viewer_figures *sum)
{
	*sum = (struct viewer_figures){ .seconds = 0 };
	for (uint64_t seed = 1; seed <= LOSSY_SEEDS; seed++) {
		struct viewer_model  *m = begin(seed, 0, permille, run);
		struct viewer_figures f;

		viewer_model_run(m, 60 * S);
		f = viewer_model_figures(m);
		printf("# loss %u, runs of %u\n", permille, run);
		note(&f);
		for (unsigned i = 0; i < VIEWER_RUNGS; i++)
			sum->rung_share[i] += f.rung_share[i];
		sum->pictures_per_s += f.pictures_per_s;
		sum->sound_lost += f.sound_lost;
		viewer_model_free(m);
	}
}

static void
loss_takes_no_more_than_it_must(void **state)
{
	static const struct {
		unsigned permille, run;
		unsigned worst;		/* rung, for most of the time */
		double   pictures_per_s, sound_lost;
	} lines[] = {
		{ 50, 1, 0, 23, .005 }, { 50, 3, 0, 20, .005 },
		{ 100, 1, 2, 20, .005 }, { 100, 3, 2, 15, .01 },
		{ 200, 1, 4, 8, .015 }, { 200, 3, 4, 6, .02 },
		/* Opus' own repair, which is not in this, comes on top. */
		{ 300, 1, 4, 5, .05 }, { 300, 3, 4, 4, .06 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct viewer_figures sum;

		run_lossy(lines[i].permille, lines[i].run, &sum);
		assert_true(share(&sum, 0, lines[i].worst) >
		    .5 * LOSSY_SEEDS);
		assert_true(sum.pictures_per_s >=
		    lines[i].pictures_per_s * LOSSY_SEEDS);
		assert_true(sum.sound_lost <=
		    lines[i].sound_lost * LOSSY_SEEDS);
	}
}

/* Jitter is no queue, and tears probes apart on a line of any rate. */
static void
jitter_takes_nothing(void **state)
{
	static const int64_t jitters_ms[] = { 30, 100, 200 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (uint64_t seed = 1; seed <= JITTERY_SEEDS; seed++) {
			struct viewer_model  *m = viewer_model_new(seed, true);
			struct viewer_figures f;

			viewer_model_line(m)->jitter_us = jitters_ms[i] * MS;
			viewer_model_run(m, 10 * S);
			viewer_model_measure(m);
			viewer_model_run(m, 30 * S);
			f = viewer_model_figures(m);
			printf("# jitter %d ms\n", (int)jitters_ms[i]);
			note(&f);
			assert_true(share(&f, 0, 0) > .8);
			assert_true(f.pictures_per_s > 23);
			assert_in_range(f.pause_us, 0, 450 * MS);
			assert_true(f.sound_lost < .005);
			viewer_model_free(m);
		}
	}
}

static void
what_comes_in_another_order_is_not_lost(void **state)
{
	struct viewer_model *m = viewer_model_new(1, true);
	struct viewer_figures f;

	(void)state;
	viewer_model_line(m)->reorder_permille = 50;
	viewer_model_run(m, 40 * S);
	f = viewer_model_figures(m);
	note(&f);
	assert_true(share(&f, 0, 1) > .95);
	assert_true(f.pictures_per_s > 23);
	viewer_model_free(m);
}

static void
lost_reports_are_no_loss_of_his(void **state)
{
	struct viewer_model *m = begin(1, 0, 0, 1);
	struct viewer_figures f;

	(void)state;
	viewer_model_line(m)->up_loss_permille = 300;
	viewer_model_run(m, 60 * S);
	f = viewer_model_figures(m);
	assert_true(f.rung_share[0] > .99);
	assert_true(f.pictures_per_s > 24);
	viewer_model_free(m);
}

static void
follows_a_line_that_falls_and_rises(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct viewer_model *m = begin(seed, 2000, 0, 1);
		struct viewer_figures f;
		int64_t us = 0;

		viewer_model_line(m)->capacity_bps = 300 * KBPS;
		viewer_model_run(m, 2 * S);
		f = viewer_model_figures(m);
		note(&f);
		assert_in_range(f.rung, 2, STILLS);
		assert_true(share(&f, 0, 1) < .25);
		viewer_model_run(m, 3 * S);
		viewer_model_measure(m);
		viewer_model_run(m, 500 * MS);
		f = viewer_model_figures(m);
		assert_in_range(f.queue_p95_us, 0, 200 * MS);
		viewer_model_run(m, 15 * S);
		f = viewer_model_figures(m);
		note(&f);
		assert_true(share(&f, 2, 4) > .5);
		viewer_model_line(m)->capacity_bps = 2000 * KBPS;
		for (; us < 15 * S && viewer_model_figures(m).rung > 0;
		    us += 100 * MS)
			viewer_model_run(m, 100 * MS);
		assert_int_equal(viewer_model_figures(m).rung, 0);
		viewer_model_free(m);
	}
}

static void
is_back_after_a_blackout(void **state)
{
	static const int64_t lasted_us[] = { 3 * S, 10 * S, 40 * S };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct viewer_model *m = begin(1, 0, 0, 1);

		viewer_model_line(m)->dead = true;
		viewer_model_run(m, lasted_us[i]);
		viewer_model_line(m)->dead = false;
		viewer_model_measure(m);
		viewer_model_run(m, 2 * S);
		assert_true(viewer_model_figures(m).pictures_per_s > 5);
		viewer_model_run(m, 5 * S);
		assert_int_equal(viewer_model_figures(m).rung, 0);
		viewer_model_free(m);
	}
}

static void
who_has_what_he_wants_is_not_probed(void **state)
{
	struct viewer_model *m = begin(1, 0, 0, 1);

	(void)state;
	viewer_model_run(m, 60 * S);
	assert_int_equal(viewer_model_figures(m).probes, 0);
	viewer_model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rate_gets_what_it_carries),
		cmocka_unit_test(
		    begins_without_a_flood_and_is_soon_at_the_top),
		cmocka_unit_test(without_reports_by_packet_it_is_as_ever),
		cmocka_unit_test(loss_takes_no_more_than_it_must),
		cmocka_unit_test(jitter_takes_nothing),
		cmocka_unit_test(what_comes_in_another_order_is_not_lost),
		cmocka_unit_test(lost_reports_are_no_loss_of_his),
		cmocka_unit_test(follows_a_line_that_falls_and_rises),
		cmocka_unit_test(is_back_after_a_blackout),
		cmocka_unit_test(who_has_what_he_wants_is_not_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
