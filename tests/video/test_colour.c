/*
 * Pictures of other colour systems, against the arithmetic of the standards.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pictures.h"
#include "streams.h"
#include "video/colour.h"
#include "video/video_decoder.h"

/* Weights of red and blue in luma. */
#define RED_601  0.299
#define BLUE_601 0.114
#define RED_709  0.2126
#define BLUE_709 0.0722

struct yuv {
	double y, u, v;
};

static struct yuv
yuv_of(const int rgb[3], double red, double blue, bool full)
{
	const double r = rgb[0] / 255.0, g = rgb[1] / 255.0;
	const double b = rgb[2] / 255.0;
	const double y = red * r + (1 - red - blue) * g + blue * b;
	const double cb = (b - y) / (2 - 2 * blue);
	const double cr = (r - y) / (2 - 2 * red);

	return full ? (struct yuv) { 255 * y, 128 + 255 * cb, 128 + 255 * cr } :
	    (struct yuv) { 16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr };
}

static double
worst(const struct video_frame *f, int x, int y, struct yuv want)
{
	const double dy = fabs(f->planes[0][y * f->strides[0] + x] - want.y);
	const double du = fabs(f->planes[1][y / 2 * f->strides[1] + x / 2] -
	    want.u);
	const double dv = fabs(f->planes[2][y / 2 * f->strides[2] + x / 2] -
	    want.v);

	return fmax(dy, fmax(du, dv));
}

/* All colours of a coarse cube come out within 2 of what they should be. */
static void
converts_every_colour(void **state)
{
	struct video_frame *from = picture_new(18, 6);
	struct video_frame *to = picture_new(18, 6);
	double              most = 0;

	(void)state;
	for (int n = 0; n < 4 * 6 * 6 * 6; n++) {
		const struct colour_system system = { n & 1, n & 2 };
		const int    rgb[3] = { n / 4 % 6 * 51, n / 24 % 6 * 51,
			n / 144 * 51 };
		const struct yuv come = yuv_of(rgb,
		    system.bt709 ? RED_709 : RED_601,
		    system.bt709 ? BLUE_709 : BLUE_601, system.full);
		const struct yuv want = yuv_of(rgb, RED_601, BLUE_601, false);

		picture_fill(from, (uint8_t)lround(fmin(come.y, 255)),
		    (uint8_t)lround(fmin(come.u, 255)),
		    (uint8_t)lround(fmin(come.v, 255)));
		colour_convert(to, from, system);
		most = fmax(most, fmax(worst(to, 0, 0, want),
		    worst(to, 17, 5, want)));
	}
	print_message("# at most %.2f off\n", most);
	assert_true(most < 2);
	video_frame_unref(&from);
	video_frame_unref(&to);
}

/* Odd sizes and extremes stay inside of their rows. */
static void
stays_in_its_rows(void **state)
{
	static const int sizes[][2] = { { 17, 17 }, { 16, 16 }, { 33, 18 },
		{ 1919, 17 }, { 1920, 16 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct video_frame *from = picture_new(sizes[i][0],
		    sizes[i][1]);
		struct video_frame *to = picture_new(sizes[i][0],
		    sizes[i][1]);

		for (int n = 0; n < 8; n++) {
			picture_fill(from, n & 1 ? 255 : 0, n & 2 ? 255 : 0,
			    n & 4 ? 255 : 0);
			colour_convert(to, from, (struct colour_system) {
			    true, true });
		}
		video_frame_unref(&from);
		video_frame_unref(&to);
	}
}

/* Red as the canvas of a page has it, sent by a browser. */
static void
the_decoder_gives_out_one_system(void **state)
{
	static const int      red[3] = { 210, 40, 40 };
	struct video_decoder *d;
	struct video_frame   *f;
	struct stream         s;

	(void)state;
	stream_load(&s, "h264_canvas.264");
	assert_int_equal(s.count, 1);
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(video_decoder_decode(d, VIDEO_H264, s.frames[0].data,
	    s.frames[0].len, true, &f), 0);
	assert_int_equal(f->width, 320);
	assert_int_equal(f->height, 240);
	assert_true(worst(f, 160, 100, yuv_of(red, RED_601, BLUE_601,
	    false)) < 4);
	video_decoder_free(d);
	video_frame_unref(&f);		/* outlives it */
	stream_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_every_colour),
		cmocka_unit_test(stays_in_its_rows),
		cmocka_unit_test(the_decoder_gives_out_one_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
