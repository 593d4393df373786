/*
 * The grid of tiles.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "video/layout.h"

static const struct {
	int w, h;
} canvases[] = { { 1280, 720 }, { 1920, 1080 }, { 640, 360 }, { 960, 720 },
	{ 720, 1280 }, { 1088, 1088 }, { 320, 180 } };
#define CANVASES (sizeof(canvases) / sizeof(canvases[0]))

static void
tiles_are_inside_aligned_and_of_one_size(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];

	(void)state;
	for (size_t c = 0; c < CANVASES; c++) {
		for (unsigned n = 1; n <= LAYOUT_TILES_MAX; n++) {
			layout_grid(tiles, n, canvases[c].w, canvases[c].h);
			for (unsigned i = 0; i < n; i++) {
				const struct layout_rect *t = &tiles[i];

				assert_true(t->x >= 0 && t->y >= 0);
				assert_true(t->w >= 16 && t->h >= 8);
				assert_true(t->x + t->w <= canvases[c].w);
				assert_true(t->y + t->h <= canvases[c].h);
				assert_int_equal(t->x % 16, 0);
				assert_int_equal(t->w % 16, 0);
				assert_int_equal(t->y % 2, 0);
				assert_int_equal(t->h % 2, 0);
				assert_int_equal(t->w, tiles[0].w);
				assert_int_equal(t->h, tiles[0].h);
			}
		}
	}
}

static void
tiles_do_not_overlap(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];

	(void)state;
	for (size_t c = 0; c < CANVASES; c++) {
		for (unsigned n = 1; n <= LAYOUT_TILES_MAX; n++) {
			layout_grid(tiles, n, canvases[c].w, canvases[c].h);
			for (unsigned i = 0; i < n; i++) {
				for (unsigned k = 0; k < i; k++) {
					const struct layout_rect *a =
					    &tiles[i];
					const struct layout_rect *b =
					    &tiles[k];

					assert_true(a->x + a->w <= b->x ||
					    b->x + b->w <= a->x ||
					    a->y + a->h <= b->y ||
					    b->y + b->h <= a->y);
				}
			}
		}
	}
}

static void
a_wide_canvas_is_at_least_half_full(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];

	(void)state;
	for (unsigned n = 1; n <= LAYOUT_TILES_MAX; n++) {
		layout_grid(tiles, n, 1280, 720);
		assert_true(100L * (int)n * tiles[0].w * tiles[0].h >=
		    50L * 1280 * 720);
	}
	layout_grid(tiles, 1, 1280, 720);
	assert_int_equal(tiles[0].w, 1280);
	assert_int_equal(tiles[0].h, 720);
	layout_grid(tiles, 4, 1280, 720);
	assert_int_equal(tiles[3].x, 640);
	assert_int_equal(tiles[3].y, 360);
	layout_grid(tiles, 16, 1280, 720);
	assert_int_equal(tiles[0].w, 320);
	assert_int_equal(tiles[0].h, 180);
}

static void
tiles_have_the_shape_of_a_camera(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];

	(void)state;
	for (unsigned n = 1; n <= LAYOUT_TILES_MAX; n++) {
		struct layout_rect fit;

		layout_grid(tiles, n, 1280, 720);
		fit = layout_fit(&tiles[0], 1280, 720);
		assert_memory_equal(&fit, &tiles[0], sizeof(fit));
	}
}

static void
two_sit_side_by_side_and_stand_when_it_is_tall(void **state)
{
	struct layout_rect tiles[2];

	(void)state;
	layout_grid(tiles, 2, 1280, 720);
	assert_int_equal(tiles[0].y, tiles[1].y);
	assert_int_equal(tiles[0].w, 640);
	layout_grid(tiles, 2, 720, 1280);
	assert_int_equal(tiles[0].x, tiles[1].x);
	assert_int_equal(tiles[0].w, 720);
}

static void
the_last_row_is_centred(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];

	(void)state;
	for (unsigned n = 2; n <= LAYOUT_TILES_MAX; n++) {
		unsigned first = n - 1;
		int      left, right;

		layout_grid(tiles, n, 1280, 720);
		while (first > 0 && tiles[first - 1].y == tiles[n - 1].y)
			first--;
		left = tiles[first].x;
		right = 1280 - tiles[n - 1].x - tiles[n - 1].w;
		assert_in_range(abs(left - right), 0, 16);
	}
}

static void
more_people_than_tiles_are_left_out(void **state)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX + 1] = { 0 };

	(void)state;
	layout_grid(tiles, 1000, 1280, 720);
	assert_int_equal(tiles[LAYOUT_TILES_MAX].w, 0);
	assert_true(tiles[LAYOUT_TILES_MAX - 1].w > 0);
	layout_grid(tiles, 0, 1280, 720);
}

static void
a_picture_keeps_its_shape_in_a_tile(void **state)
{
	const struct layout_rect cell = { 32, 10, 640, 360 };
	struct layout_rect       fit;

	(void)state;
	fit = layout_fit(&cell, 640, 480);
	assert_int_equal(fit.w, 480);
	assert_int_equal(fit.h, 360);
	assert_int_equal(fit.x, 32 + 80);
	assert_int_equal(fit.y, 10);
	fit = layout_fit(&cell, 360, 640);
	assert_int_equal(fit.w, 202);
	assert_int_equal(fit.h, 360);
	fit = layout_fit(&cell, 1920, 540);
	assert_int_equal(fit.w, 640);
	assert_int_equal(fit.h, 180);
	assert_int_equal(fit.y, 10 + 90);
	/* Nearly the shape of the tile fills it. */
	fit = layout_fit(&cell, 1920, 1088);
	assert_memory_equal(&fit, &cell, sizeof(fit));
}

static void
a_fit_is_even_and_inside_for_any_picture(void **state)
{
	const struct layout_rect cell = { 16, 4, 208, 116 };

	(void)state;
	for (int w = 16; w <= 1920; w += 37) {
		for (int h = 16; h <= 1920; h += 41) {
			const struct layout_rect f = layout_fit(&cell, w, h);

			assert_int_equal((f.x | f.y | f.w | f.h) & 1, 0);
			assert_true(f.w >= 2 && f.h >= 2);
			assert_true(f.x >= cell.x && f.y >= cell.y);
			assert_true(f.x + f.w <= cell.x + cell.w);
			assert_true(f.y + f.h <= cell.y + cell.h);
			assert_true(f.w == cell.w || f.h == cell.h);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_are_inside_aligned_and_of_one_size),
		cmocka_unit_test(tiles_do_not_overlap),
		cmocka_unit_test(a_wide_canvas_is_at_least_half_full),
		cmocka_unit_test(tiles_have_the_shape_of_a_camera),
		cmocka_unit_test(
		    two_sit_side_by_side_and_stand_when_it_is_tall),
		cmocka_unit_test(the_last_row_is_centred),
		cmocka_unit_test(more_people_than_tiles_are_left_out),
		cmocka_unit_test(a_picture_keeps_its_shape_in_a_tile),
		cmocka_unit_test(a_fit_is_even_and_inside_for_any_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
