/*
 * Encoder, decoder and rendition: quality, rate, key frames, and bombs.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pictures.h"
#include "video/rendition.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define FRAME_US 40000

static const struct video_encoder_config small_cfg = { .width = 320,
	.height = 180, .fps = 25, .bps = 200000 };

/* One coded picture, in memory of its exact size. */
struct coded {
	uint8_t *data;
	size_t   len;
};

static struct coded
key_frame(int width, int height)
{
	const struct video_encoder_config cfg = { .width = width,
		.height = height, .fps = 25, .bps = 300000 };
	struct video_encoder *e;
	struct video_encoded  out;
	struct video_frame   *f = picture_new(width, height);
	struct coded          c;

	picture_scene(f, 0, 1);
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	assert_int_equal(video_encoder_encode(e, f, 0, true, &out), 0);
	assert_true(out.key && out.len > 0);
	c.data = malloc(out.len);
	assert_non_null(c.data);
	memcpy(c.data, out.data, out.len);
	c.len = out.len;
	video_encoder_free(e);
	video_frame_unref(&f);
	return c;
}

/* What a picture looks like after `frames` of a scene went through VP8. */
struct trip {
	double   worst_db;	/* but for the first second */
	double   first_db;	/* the key frame */
	size_t   key_len;
	unsigned bps;
	unsigned dropped;
};

static struct trip
round_trip(const struct video_encoder_config *cfg, unsigned frames)
{
	const struct layout_rect all = { 0, 0, cfg->width, cfg->height };
	struct video_encoder    *e;
	struct video_decoder    *d;
	struct video_frame      *f = picture_new(cfg->width, cfg->height);
	struct trip              t = { .worst_db = 99 };
	size_t                   sum = 0;

	assert_int_equal(video_encoder_new(&e, cfg), 0);
	assert_int_equal(video_decoder_new(&d), 0);
	for (unsigned i = 0; i < frames; i++) {
		struct video_encoded out;
		struct video_frame  *seen;
		double               db;

		picture_scene(f, i, 5);
		assert_int_equal(video_encoder_encode(e, f,
		    (int64_t)i * FRAME_US, i == 0, &out), 0);
		assert_true(out.key == (i == 0));
		sum += out.len;
		if (i == 0)
			t.key_len = out.len;
		if (out.len == 0) {
			t.dropped++;
			continue;
		}
		assert_int_equal(video_decoder_decode(d, VIDEO_VP8, out.data, out.len,
		    out.key, &seen), 0);
		assert_int_equal(seen->width, cfg->width);
		db = picture_psnr(seen, &all, f);
		if (i == 0)
			t.first_db = db;
		if (i >= 25 && db < t.worst_db)
			t.worst_db = db;
		video_frame_unref(&seen);
	}
	t.bps = (unsigned)(sum * 8 * 25 / frames);
	print_message("# %dx%d: worst %.1f dB, key frame %zu bytes %.1f dB, "
	    "%u bit/s, %u dropped\n", cfg->width, cfg->height, t.worst_db,
	    t.key_len, t.first_db, t.bps, t.dropped);
	video_encoder_free(e);
	video_decoder_free(d);
	video_frame_unref(&f);
	return t;
}

static void
the_large_rendition_is_sharp_and_keeps_its_rate(void **state)
{
	const struct video_encoder_config cfg = { .width = 1280,
		.height = 720, .fps = 25, .bps = 1500000 };
	struct trip                       t;

	(void)state;
	t = round_trip(&cfg, 50);
	assert_true(t.worst_db >= 40);
	assert_in_range(t.key_len, 1, 100000);
	assert_in_range(t.bps, 0, 1750000);
	assert_in_range(t.dropped, 0, 3);
}

static void
a_small_rendition_is_sharp_too(void **state)
{
	struct trip t;

	(void)state;
	t = round_trip(&small_cfg, 75);
	assert_true(t.worst_db >= 38);
	assert_in_range(t.bps, 0, 250000);
}

static void
a_new_rate_needs_no_key_frame(void **state)
{
	struct video_encoder *e;
	struct video_frame   *f = picture_new(320, 180);
	size_t                before = 0, after = 0;

	(void)state;
	assert_int_equal(video_encoder_new(&e, &small_cfg), 0);
	for (unsigned i = 0; i < 150; i++) {
		struct video_encoded out;

		if (i == 75)
			assert_int_equal(video_encoder_set_rate(e, 80000), 0);
		picture_scene(f, i, 2);
		assert_int_equal(video_encoder_encode(e, f,
		    (int64_t)i * FRAME_US, i == 0, &out), 0);
		assert_true(out.key == (i == 0));
		if (i >= 25 && i < 75)
			before += out.len;
		if (i >= 100)
			after += out.len;
	}
	assert_true(after * 10 < before * 7);
	assert_int_equal(video_encoder_set_rate(e, 0), -EINVAL);
	video_encoder_free(e);
	video_frame_unref(&f);
}

static void
the_encoder_refuses_another_size_and_time_that_stands(void **state)
{
	struct video_encoder_config cfg = small_cfg;
	struct video_encoder *e;
	struct video_encoded  out;
	struct video_frame   *f = picture_new(320, 180);
	struct video_frame   *other = picture_new(640, 360);

	(void)state;
	assert_int_equal(video_encoder_prepare(), 0);
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	picture_fill(f, 100, 128, 128);
	for (int i = 0; i < 5; i++)
		assert_int_equal(video_encoder_encode(e, f, 7, i == 0, &out),
		    0);
	assert_int_equal(video_encoder_encode(e, other, 8, false, &out),
	    -EIO);
	video_encoder_free(e);
	cfg.width = 100000;
	assert_int_equal(video_encoder_new(&e, &cfg), -EINVAL);
	video_frame_unref(&f);
	video_frame_unref(&other);
}

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

static int
decode(struct video_decoder *d, const uint8_t *data, size_t len, bool key)
{
	struct video_frame *f = NULL;
	const int           err = video_decoder_decode(d, VIDEO_VP8, data, len, key, &f);

	assert_true((err == 0) == (f != NULL));
	video_frame_unref(&f);
	return err;
}

static void
a_size_bomb_costs_no_memory(void **state)
{
	struct coded          c = key_frame(64, 64);
	struct video_decoder *d;
	long                  before;

	(void)state;
	assert_int_equal(video_decoder_prepare(), 0);
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(decode(d, c.data, c.len, true), 0);
	before = memory_used();
	c.data[6] = c.data[8] = 0xff;
	c.data[7] = c.data[9] = 0x3f;		/* 16383x16383 */
	for (int i = 0; i < 100; i++)
		assert_int_equal(decode(d, c.data, c.len, true), -EMSGSIZE);
	c.data[6] = 8;				/* below the least */
	c.data[7] = 0;
	assert_int_equal(decode(d, c.data, c.len, true), -EMSGSIZE);
	c.data[6] = 0x82;			/* 1922 x 64 */
	c.data[7] = 7;
	c.data[8] = 64;
	c.data[9] = 0;
	assert_int_equal(decode(d, c.data, c.len, true), -EMSGSIZE);
	assert_true(memory_used() - before < 1 << 20);
	video_decoder_free(d);
	free(c.data);
}

static void
nothing_decodes_before_a_key_frame_or_after_an_error(void **state)
{
	struct coded          c = key_frame(64, 64);
	const uint8_t         inter[] = { 0x31, 0, 0, 0 };
	struct video_decoder *d;

	(void)state;
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(decode(d, inter, sizeof(inter), false), -EBADMSG);
	assert_int_equal(decode(d, c.data, c.len, false), -EBADMSG);
	assert_int_equal(decode(d, c.data, c.len, true), 0);
	assert_int_equal(decode(d, NULL, 0, true), -EBADMSG);
	assert_int_equal(decode(d, inter, sizeof(inter), false), -EBADMSG);
	video_decoder_free(d);
	free(c.data);
}

static void
survives_truncation_flips_and_noise(void **state)
{
	struct coded          c = key_frame(64, 64);
	struct video_decoder *d;
	uint32_t              chance = 1;
	const long            before = memory_used();

	(void)state;
	assert_int_equal(video_decoder_new(&d), 0);
	for (size_t len = 0; len < c.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, c.data, len);
		(void)decode(d, exact, len, true);
		free(exact);
	}
	for (size_t bit = 0; bit < 8 * c.len; bit += 3) {
		c.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		(void)decode(d, c.data, c.len, (c.data[0] & 1) == 0);
		c.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (int i = 0; i < 2000; i++) {
		uint8_t noise[200];

		for (size_t k = 0; k < sizeof(noise); k++) {
			chance = chance * 1664525u + 1013904223u;
			noise[k] = (uint8_t)(chance >> 24);
		}
		if (i % 2)
			memcpy(noise, c.data, 10);
		(void)decode(d, noise, sizeof(noise), (noise[0] & 1) == 0);
	}
	assert_int_equal(decode(d, c.data, c.len, true), 0);
	assert_true(memory_used() - before < 64 << 20);
	video_decoder_free(d);
	free(c.data);
}

static void
a_stream_that_changes_size_all_the_time_is_refused(void **state)
{
	struct coded          small = key_frame(640, 360);
	struct coded          large = key_frame(1280, 720);
	struct video_decoder *d;
	const long            before = memory_used();
	unsigned              decoded = 0;

	(void)state;
	assert_int_equal(video_decoder_new(&d), 0);
	for (int i = 0; i < 400; i++) {
		const struct coded *c = i % 2 ? &large : &small;

		if (decode(d, c->data, c->len, true) == 0)
			decoded++;
	}
	assert_in_range(decoded, 7, 250);
	/* One that stays is welcome again, whichever it is. */
	for (int i = 0; i < 30; i++)
		(void)decode(d, small.data, small.len, true);
	assert_int_equal(decode(d, small.data, small.len, true), 0);
	for (int i = 0; i < 30; i++)
		(void)decode(d, large.data, large.len, true);
	assert_int_equal(decode(d, large.data, large.len, true), 0);
	assert_true(memory_used() - before < 64 << 20);
	video_decoder_free(d);
	free(small.data);
	free(large.data);
}

static void
pictures_outlive_the_decoder_and_are_bounded(void **state)
{
	struct coded          c = key_frame(64, 64);
	struct video_decoder *d;
	struct video_frame   *out[16] = { NULL };
	unsigned              count = 0;

	(void)state;
	assert_int_equal(video_decoder_new(&d), 0);
	while (count < 16 && video_decoder_decode(d, VIDEO_VP8, c.data, c.len, true,
	    &out[count]) == 0)
		count++;
	assert_int_equal(count, 8);
	video_frame_unref(&out[0]);
	assert_int_equal(video_decoder_decode(d, VIDEO_VP8, c.data, c.len, true,
	    &out[0]), 0);
	video_decoder_free(d);
	assert_int_equal(out[7]->width, 64);
	assert_memory_equal(out[0]->planes[0], out[7]->planes[0], 64);
	for (unsigned i = 0; i < count; i++)
		video_frame_unref(&out[i]);
	free(c.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_large_rendition_is_sharp_and_keeps_its_rate),
		cmocka_unit_test(a_small_rendition_is_sharp_too),
		cmocka_unit_test(a_new_rate_needs_no_key_frame),
		cmocka_unit_test(
		    the_encoder_refuses_another_size_and_time_that_stands),
		cmocka_unit_test(key_frame_requests_are_joined),
		cmocka_unit_test(
		    no_key_frame_comes_unasked_and_a_late_request_is_kept),
		cmocka_unit_test(a_size_bomb_costs_no_memory),
		cmocka_unit_test(
		    nothing_decodes_before_a_key_frame_or_after_an_error),
		cmocka_unit_test(survives_truncation_flips_and_noise),
		cmocka_unit_test(
		    a_stream_that_changes_size_all_the_time_is_refused),
		cmocka_unit_test(
		    pictures_outlive_the_decoder_and_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
