/*
 * Scaling: how good, and never outside of the rectangle.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pictures.h"
#include "video/scale.h"

/* dB of scaling a scene, against Lanczos. */
static double
quality(int from_w, int from_h, int to_w, int to_h)
{
	const struct layout_rect rect = { 16, 2, to_w, to_h };
	struct video_frame      *from = picture_new(from_w, from_h);
	struct video_frame      *want = picture_new(to_w, to_h);
	struct video_frame      *canvas = picture_new(to_w + 48, to_h + 8);
	struct scaler           *s;
	double                   db;

	picture_scene(from, 3, 1);
	picture_lanczos(want, from);
	assert_int_equal(scaler_new(&s), 0);
	assert_int_equal(scaler_draw(s, from, canvas, &rect), 0);
	db = picture_psnr(canvas, &rect, want);
	print_message("# %dx%d to %dx%d: %.1f dB\n", from_w, from_h, to_w,
	    to_h, db);
	scaler_free(s);
	video_frame_unref(&from);
	video_frame_unref(&want);
	video_frame_unref(&canvas);
	return db;
}

static void
half_size_is_as_good_as_measured(void **state)
{
	(void)state;
	assert_true(quality(1280, 720, 640, 360) >= 51);
	assert_true(quality(640, 360, 320, 180) >= 50);
}

static void
odd_ratios_are_as_good_as_measured(void **state)
{
	(void)state;
	assert_true(quality(1280, 720, 416, 234) >= 51);
	assert_true(quality(1280, 720, 426, 240) >= 51);
	assert_true(quality(640, 360, 256, 144) >= 50);
	assert_true(quality(1280, 720, 960, 540) >= 49);
}

static void
enlarging_is_smooth(void **state)
{
	(void)state;
	assert_true(quality(320, 180, 640, 360) >= 45);
	assert_true(quality(320, 240, 960, 720) >= 42);
}

static void
the_same_size_is_a_copy(void **state)
{
	const struct layout_rect rect = { 16, 2, 320, 180 };
	struct video_frame      *from = picture_new(320, 180);
	struct video_frame      *canvas = picture_new(368, 190);
	struct scaler           *s;

	(void)state;
	picture_scene(from, 1, 2);
	assert_int_equal(scaler_new(&s), 0);
	assert_int_equal(scaler_draw(s, from, canvas, &rect), 0);
	assert_true(picture_psnr(canvas, &rect, from) >= 99);
	scaler_free(s);
	video_frame_unref(&from);
	video_frame_unref(&canvas);
}

/* Whether all samples outside of the rectangle still have value `v`. */
static void
check_outside(const struct video_frame *f, const struct layout_rect *r,
    uint8_t v)
{
	for (int p = 0; p < 3; p++) {
		const int div = p ? 2 : 1;
		const int right = (r->x + r->w + div - 1) / div;
		const int bottom = (r->y + r->h + div - 1) / div;

		for (int y = 0; y < f->height / div; y++) {
			for (int x = 0; x < f->width / div; x++) {
				if (x >= r->x / div && x < right &&
				    y >= r->y / div && y < bottom)
					continue;
				assert_int_equal(
				    f->planes[p][y * f->strides[p] + x], v);
			}
		}
	}
}

/* swscale would write past the edge of most of these. */
static void
nothing_is_written_outside_of_the_rectangle(void **state)
{
	static const int sources[][2] = { { 1280, 720 }, { 640, 480 },
		{ 321, 241 }, { 360, 640 }, { 17, 16 }, { 1920, 1080 },
		{ 177, 333 } };
	struct scaler   *s;
	struct video_frame *canvas = picture_new(448, 256);

	(void)state;
	assert_int_equal(scaler_new(&s), 0);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct video_frame *from =
		    picture_new(sources[i][0], sources[i][1]);

		picture_fill(from, 200, 100, 50);
		for (int w = 96; w <= 426; w += 30) {
			const struct layout_rect rect = { 16, 4, w,
				w * 9 / 16 / 2 * 2 };

			picture_fill(canvas, 33, 33, 33);
			assert_int_equal(
			    scaler_draw(s, from, canvas, &rect), 0);
			check_outside(canvas, &rect, 33);
			assert_in_range(canvas->planes[0][
			    (rect.y + rect.h - 1) * canvas->strides[0] +
			    rect.x + w - 1], 198, 202);
		}
		video_frame_unref(&from);
	}
	scaler_free(s);
	video_frame_unref(&canvas);
}

static void
a_rectangle_outside_of_the_canvas_is_refused(void **state)
{
	static const struct layout_rect bad[] = { { -2, 0, 16, 16 },
		{ 0, 0, 0, 16 }, { 0, 0, 66, 16 }, { 50, 0, 16, 16 },
		{ 1, 0, 16, 16 }, { 0, 40, 16, 16 },
		{ 2147483646, 0, 16, 16 } };
	struct video_frame *from = picture_new(32, 32);
	struct video_frame *canvas = picture_new(64, 48);
	struct scaler      *s;

	(void)state;
	picture_fill(from, 1, 2, 3);
	assert_int_equal(scaler_prepare(), 0);
	assert_int_equal(scaler_new(&s), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(scaler_draw(s, from, canvas, &bad[i]),
		    -EINVAL);
	scaler_free(s);
	video_frame_unref(&from);
	video_frame_unref(&canvas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_size_is_as_good_as_measured),
		cmocka_unit_test(odd_ratios_are_as_good_as_measured),
		cmocka_unit_test(enlarging_is_smooth),
		cmocka_unit_test(the_same_size_is_a_copy),
		cmocka_unit_test(nothing_is_written_outside_of_the_rectangle),
		cmocka_unit_test(
		    a_rectangle_outside_of_the_canvas_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
