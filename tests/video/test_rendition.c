/*
 * A rendition: its key frames, and what it keeps of a picture's times.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pictures.h"
#include "video/rendition.h"

#define FRAME_US 40000

static const struct video_encoder_config small_cfg = { .width = 320,
	.height = 180, .fps = 25, .bps = 200000 };

static void
key_frame_requests_are_joined(void **state)
{
	struct rendition   *r;
	struct video_frame *f = picture_new(320, 180);
	int64_t             last_us = -10000000;
	unsigned            keys = 0;

	(void)state;
	assert_int_equal(rendition_new(&r, &small_cfg), 0);
	for (unsigned i = 0; i < 250; i++) {
		const int64_t       now_us = 5000000 + (int64_t)i * FRAME_US;
		struct coded_frame *out;

		for (int k = 0; k < 40; k++)
			rendition_want_key(r);
		picture_scene(f, i, 3);
		f->rtp_time = i * 3600;
		f->time_us = now_us - 100;
		assert_int_equal(rendition_encode(r, f, now_us, &out), 0);
		if (i == 0)
			assert_true(out && out->key);
		if (out == NULL)
			continue;
		assert_int_equal(out->rtp_time, i * 3600);
		assert_int_equal(out->time_us, now_us - 100);
		if (out->key) {
			assert_true(now_us - last_us >=
			    RENDITION_KEY_INTERVAL_US);
			last_us = now_us;
			keys++;
		}
		free(out);
	}
	assert_in_range(keys, 9, 10);
	assert_int_equal(rendition_stats(r)->keyframes, keys);
	assert_int_equal(rendition_stats(r)->frames +
	    rendition_stats(r)->dropped, 250);
	rendition_free(r);
	video_frame_unref(&f);
}

static void
no_key_frame_comes_unasked_and_a_late_request_is_kept(void **state)
{
	struct rendition   *r;
	struct video_frame *f = picture_new(320, 180);
	unsigned            keys = 0, second = 0;

	(void)state;
	assert_int_equal(rendition_new(&r, &small_cfg), 0);
	for (unsigned i = 0; i < 100; i++) {
		struct coded_frame *out;

		if (i == 10)
			rendition_want_key(r);	/* too early: waits */
		picture_scene(f, i, i < 50 ? 1 : 9);	/* a cut at 50 */
		assert_int_equal(rendition_encode(r, f, (int64_t)i * FRAME_US,
		    &out), 0);
		if (out && out->key && ++keys == 2)
			second = i;
		free(out);
	}
	assert_int_equal(keys, 2);
	assert_in_range(second, 25, 27);
	rendition_free(r);
	video_frame_unref(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_frame_requests_are_joined),
		cmocka_unit_test(
		    no_key_frame_comes_unasked_and_a_late_request_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
