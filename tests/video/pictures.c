/*
 * Pictures for the video tests.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "pictures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LOBES 3
#define PI    3.14159265358979

struct video_frame *
picture_new(int width, int height)
{
	struct video_pool  *pool;
	struct video_frame *f;

	assert_int_equal(video_pool_new(&pool, width, height, 1), 0);
	f = video_pool_get(pool);
	assert_non_null(f);
	video_pool_free(pool);
	return f;
}

void
picture_fill(struct video_frame *f, uint8_t y, uint8_t u, uint8_t v)
{
	const uint8_t value[3] = { y, u, v };

	for (int p = 0; p < 3; p++) {
		const int w = p ? (f->width + 1) / 2 : f->width;
		const int h = p ? (f->height + 1) / 2 : f->height;

		for (int row = 0; row < h; row++)
			memset(f->planes[p] + row * f->strides[p], value[p],
			    (size_t)w);
	}
}

static uint32_t
mixed(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352du;
	n = (n ^ n >> 15) * 0x846ca68bu;
	return n ^ n >> 16;
}

/* x and y are in parts of the picture's height. */
static double
scene_luma(double x, double y, double t, unsigned seed)
{
	const double cx = 0.9 + 0.1 * sin(t * 0.9 + seed);
	const double cy = 0.5 + 0.05 * sin(t * 1.7);
	const double head = hypot((x - cx) / 0.8, y - cy);
	const double shelf = sin((x + seed) * 11) * sin(y * 7 + seed);
	double       luma = 90 + 30 * shelf + 25 * sin(x * 40) * sin(y * 31);

	if (head < 0.3)
		luma = 170 + 25 * cos(head * 9) +
		    12 * sin((x - cx) * 50) * cos((y - cy) * 60);
	if (y > 0.8 && fabs(x - cx) < 0.5)
		luma = 60 + 20 * sin(x * 25 + t);
	return luma;
}

void
picture_scene(struct video_frame *f, unsigned time, unsigned seed)
{
	const double t = time / 25.0;
	uint32_t     noise = mixed(time * 7919 + seed);

	for (int y = 0; y < f->height; y++) {
		uint8_t *row = f->planes[0] + y * f->strides[0];

		for (int x = 0; x < f->width; x++) {
			noise = noise * 1664525u + 1013904223u;
			row[x] = (uint8_t)(scene_luma(
			    (double)x / f->height, (double)y / f->height, t,
			    seed) + (noise >> 24) % 5);
		}
	}
	for (int p = 1; p < 3; p++) {
		for (int y = 0; y < (f->height + 1) / 2; y++) {
			uint8_t *row = f->planes[p] + y * f->strides[p];

			for (int x = 0; x < (f->width + 1) / 2; x++)
				row[x] = (uint8_t)(128 + 30 * sin(
				    (double)x * 4 / f->height + p + seed +
				    t));
		}
	}
}

double
picture_psnr(const struct video_frame *got, const struct layout_rect *rect,
    const struct video_frame *want)
{
	double sum = 0;

	for (int y = 0; y < rect->h; y++) {
		const uint8_t *a = got->planes[0] +
		    (rect->y + y) * got->strides[0] + rect->x;
		const uint8_t *b = want->planes[0] + y * want->strides[0];

		for (int x = 0; x < rect->w; x++)
			sum += (a[x] - b[x]) * (a[x] - b[x]);
	}
	if (sum == 0)
		return 99;
	return 10 * log10(255.0 * 255 * rect->w * rect->h / sum);
}

static double
lanczos(double x)
{
	if (fabs(x) < 1e-9)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	return LOBES * sin(PI * x) * sin(PI * x / LOBES) / (PI * PI * x * x);
}

/* One line of `from_len` samples, `step` apart, into `to_len`. */
static void
lanczos_line(double *to, int to_len, int to_step, const double *from,
    int from_len, int from_step)
{
	const double ratio = (double)from_len / to_len;
	const double stretch = ratio > 1 ? ratio : 1;

	for (int i = 0; i < to_len; i++) {
		const double centre = (i + 0.5) * ratio - 0.5;
		const int    first = (int)ceil(centre - LOBES * stretch);
		const int    last = (int)floor(centre + LOBES * stretch);
		double       sum = 0, weights = 0;

		for (int k = first; k <= last; k++) {
			const int    at = k < 0 ? 0 :
			       k >= from_len ? from_len - 1 : k;
			const double w = lanczos((k - centre) / stretch);

			sum += w * from[at * from_step];
			weights += w;
		}
		to[i * to_step] = sum / weights;
	}
}

void
picture_lanczos(struct video_frame *to, const struct video_frame *from)
{
	const int w = from->width, h = from->height;
	double   *in = test_malloc((size_t)w * (size_t)h * sizeof(*in));
	double   *across =
	    test_malloc((size_t)to->width * (size_t)h * sizeof(*in));
	double   *out = test_malloc((size_t)to->width *
	      (size_t)to->height * sizeof(*in));

	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++)
			in[y * w + x] =
			    from->planes[0][y * from->strides[0] + x];
	}
	for (int y = 0; y < h; y++)
		lanczos_line(across + y * to->width, to->width, 1,
		    in + y * w, w, 1);
	for (int x = 0; x < to->width; x++)
		lanczos_line(out + x, to->height, to->width, across + x, h,
		    to->width);
	for (int y = 0; y < to->height; y++) {
		for (int x = 0; x < to->width; x++) {
			const double v = out[y * to->width + x] + 0.5;

			to->planes[0][y * to->strides[0] + x] = (uint8_t)(
			    v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
	test_free(in);
	test_free(across);
	test_free(out);
}

long
memory_used(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	char  line[128];
	char *end;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	(void)strtol(line, &end, 10);
	return strtol(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}
