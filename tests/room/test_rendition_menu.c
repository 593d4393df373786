/*
 * Which codec and which encoder a viewer's rungs are.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/rendition_menu.h"

#define ALL (1U << VIDEO_VP9 | 1U << VIDEO_AV1)

static const struct rendition_canvas canvas = { 1280, 720, 25, 1500000,
	1150 };

static struct rendition_way
way_of(const struct rendition_menu *menu, enum video_codec codec,
    unsigned also, bool busy)
{
	const struct rendition_taker taker = { .codec = codec,
		.level_idc = 31, .also = also, .max_height = 720 };
	struct rendition_way way;

	rendition_menu_way(&way, menu, &taker, busy);
	return way;
}

static const struct video_encoder_config *
made(const struct rendition_menu *menu, const struct rendition_way *way,
    unsigned rung)
{
	assert_in_range(way->of[rung].rendition, 0, menu->count - 1);
	return &menu->made[way->of[rung].rendition];
}

static void
the_rungs_are_those_of_the_manual(void **state)
{
	static const struct {
		int      height, fps;
		uint32_t least_bps, most_bps;
	} want[RENDITION_RUNGS - 1] = {
		{ 720, 25, 1500000, 1500000 }, { 360, 25, 490000, 510000 },
		{ 360, 15, 290000, 310000 }, { 180, 15, 150000, 150000 },
		{ 180, 7, 75000, 85000 },
	};
	struct rendition_menu menu;
	struct rendition_way  way;

	(void)state;
	rendition_menu_fill(&menu, &canvas);
	way = way_of(&menu, VIDEO_H264, 0, false);
	assert_int_equal(way.largest, 0);
	assert_int_equal(way.rungs.count, RENDITION_RUNGS);
	assert_int_equal(way.rungs.moving, RENDITION_RUNGS - 1);
	for (unsigned i = 0; i < RENDITION_RUNGS - 1; i++) {
		const struct video_encoder_config *cfg = made(&menu, &way, i);

		assert_int_equal(cfg->height, want[i].height);
		assert_int_equal(cfg->fps, want[i].fps);
		assert_in_range(cfg->bps, want[i].least_bps,
		    want[i].most_bps);
		assert_int_equal(way.rungs.bps[i], cfg->bps);
		assert_false(cfg->stills || way.of[i].base);
	}
	assert_true(made(&menu, &way, RENDITION_RUNGS - 1)->stills);
}

static void
small_pictures_are_av1_or_vp9_for_who_takes_them(void **state)
{
	static const struct {
		unsigned         also;
		enum video_codec codec;
	} cases[] = {
		{ 0, VIDEO_VP8 }, { 1U << VIDEO_VP9, VIDEO_VP9 },
		{ 1U << VIDEO_AV1, VIDEO_AV1 }, { ALL, VIDEO_AV1 },
	};
	struct rendition_menu menu;

	(void)state;
	rendition_menu_fill(&menu, &canvas);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rendition_way way = way_of(&menu, VIDEO_VP8,
		    cases[i].also, false);

		assert_int_equal(made(&menu, &way, 0)->codec, VIDEO_VP8);
		for (unsigned rung = 1; rung < RENDITION_RUNGS; rung++)
			assert_int_equal(made(&menu, &way, rung)->codec,
			    cases[i].codec);
		/* Short of processors: the codec that all share. */
		way = way_of(&menu, VIDEO_VP8, cases[i].also, true);
		for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++)
			assert_int_equal(made(&menu, &way, rung)->codec,
			    VIDEO_VP8);
	}
}

static void
half_the_frames_of_vp8_are_no_other_encoder(void **state)
{
	struct rendition_menu menu;
	struct rendition_way  way;

	(void)state;
	rendition_menu_fill(&menu, &canvas);
	way = way_of(&menu, VIDEO_VP8, 0, false);
	assert_int_equal(way.of[1].rendition, way.of[2].rendition);
	assert_int_equal(way.of[3].rendition, way.of[4].rendition);
	for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++) {
		assert_int_equal(way.of[rung].base, rung == 2 || rung == 4);
		if (way.of[rung].base)
			assert_int_equal(made(&menu, &way, rung)->base_bps,
			    way.rungs.bps[rung]);
	}
	way = way_of(&menu, VIDEO_VP8, ALL, false);
	assert_int_not_equal(way.of[1].rendition, way.of[2].rendition);
}

static void
h264_in_one_nal_unit_a_packet_is_its_own_line(void **state)
{
	struct rendition_menu  menu;
	struct rendition_way   way;
	struct rendition_taker taker = { .codec = VIDEO_H264,
		.level_idc = 31, .max_height = 720, .single_nal = true };

	(void)state;
	rendition_menu_fill(&menu, &canvas);
	rendition_menu_way(&way, &menu, &taker, false);
	for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++)
		assert_int_equal(made(&menu, &way, rung)->nal_max, 1150);
	/* Level 1.3 is for 352x288 at the most. */
	taker.level_idc = 13;
	rendition_menu_way(&way, &menu, &taker, false);
	assert_int_equal(way.largest, 3);
}

static void
nobody_gets_more_than_he_asked_for(void **state)
{
	static const struct {
		uint16_t height;
		unsigned rung;
	} cases[] = { { 1080, 0 }, { 720, 0 }, { 719, 1 }, { 360, 1 },
		{ 180, 3 }, { 90, 4 } };
	struct rendition_menu  menu;
	struct rendition_way   way;
	struct rendition_taker taker = { .codec = VIDEO_VP8, .also = ALL };

	(void)state;
	rendition_menu_fill(&menu, &canvas);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		taker.max_height = cases[i].height;
		rendition_menu_way(&way, &menu, &taker, false);
		assert_int_equal(way.largest, cases[i].rung);
	}
}

static void
a_small_or_a_huge_canvas_has_its_rungs_too(void **state)
{
	static const struct rendition_canvas canvases[] = {
		{ 320, 180, 10, 200000, 1150 },
		{ 3840, 2160, 60, 8000000, 1150 },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rendition_menu menu;

		rendition_menu_fill(&menu, &canvases[i]);
		assert_in_range(menu.count, 1, RENDITION_MENU_MAX);
		for (unsigned k = 0; k < menu.count; k++) {
			assert_true(menu.made[k].fps >= 1 &&
			    menu.made[k].bps >= 1000);
			assert_true(menu.made[k].width % 2 == 0 &&
			    menu.made[k].height % 2 == 0);
			assert_true(menu.made[k].width <=
			    canvases[i].width);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rungs_are_those_of_the_manual),
		cmocka_unit_test(
		    small_pictures_are_av1_or_vp9_for_who_takes_them),
		cmocka_unit_test(half_the_frames_of_vp8_are_no_other_encoder),
		cmocka_unit_test(
		    h264_in_one_nal_unit_a_packet_is_its_own_line),
		cmocka_unit_test(nobody_gets_more_than_he_asked_for),
		cmocka_unit_test(a_small_or_a_huge_canvas_has_its_rungs_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
