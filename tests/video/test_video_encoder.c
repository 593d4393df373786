/*
 * Encoders: quality, rate, key frames, sizes, and times that stand.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pictures.h"
#include "rtp/annex_b.h"
#include "video/bitstream.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define FRAME_US 40000

static const struct video_encoder_config small_cfg = { .width = 320,
	.height = 180, .fps = 25, .bps = 200000 };

/* What a picture looks like after `frames` of a scene went there and back. */
struct trip {
	double   worst_db;	/* but for the first second */
	size_t   key_len, nal_longest;
	unsigned bps;
	unsigned dropped;
};

static size_t
longest_nal(const struct video_encoded *coded)
{
	struct reader      r = reader_of(coded->data, coded->len);
	struct annex_b_nal nal;
	size_t             longest = 0;

	while (annex_b_next(&nal, &r)) {
		if (annex_b_type(&nal) != H264_SEI && nal.len > longest)
			longest = nal.len;
	}
	return longest;
}

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
		if (cfg->codec == VIDEO_H264 &&
		    longest_nal(&out) > t.nal_longest)
			t.nal_longest = longest_nal(&out);
		assert_int_equal(video_decoder_decode(d, cfg->codec, out.data,
		    out.len, out.key, &seen), 0);
		assert_int_equal(seen->width, cfg->width);
		if (i >= 25) {
			const double db = picture_psnr(seen, &all, f);

			t.worst_db = db < t.worst_db ? db : t.worst_db;
		}
		video_frame_unref(&seen);
	}
	t.bps = (unsigned)(sum * 8 * 25 / frames);
	print_message("# %s %dx%d, nal_max %u: worst %.1f dB, key frame %zu "
	    "bytes, longest NAL unit %zu, %u bit/s, %u dropped\n",
	    video_codec_name(cfg->codec), cfg->width, cfg->height,
	    cfg->nal_max, t.worst_db, t.key_len, t.nal_longest, t.bps,
	    t.dropped);
	video_encoder_free(e);
	video_decoder_free(d);
	video_frame_unref(&f);
	return t;
}

/* What each codec reaches at a size and a rate. */
static const struct {
	struct video_encoder_config cfg;
	unsigned frames;
	double   worst_db;
	size_t   key_max;
	unsigned bps_max, dropped_max;
} sharp[] = {
	{ { .width = 1280, .height = 720, .fps = 25, .bps = 1500000 },
	    50, 40, 100000, 1750000, 3 },
	{ { .width = 320, .height = 180, .fps = 25, .bps = 200000 },
	    75, 38, 100000, 250000, 3 },
	{ { .width = 1280, .height = 720, .fps = 25, .bps = 1500000,
	    .codec = VIDEO_H264 }, 50, 38, 115000, 1900000, 0 },
	{ { .width = 320, .height = 180, .fps = 25, .bps = 200000,
	    .codec = VIDEO_H264 }, 75, 34, 115000, 250000, 0 },
};

static void
pictures_are_sharp_and_keep_their_rate(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sharp) / sizeof(sharp[0]); i++) {
		const struct trip t = round_trip(&sharp[i].cfg,
		    sharp[i].frames);

		assert_true(t.worst_db >= sharp[i].worst_db);
		assert_in_range(t.key_len, 1, sharp[i].key_max);
		assert_in_range(t.bps, 1, sharp[i].bps_max);
		assert_in_range(t.dropped, 0, sharp[i].dropped_max);
	}
}

static void
slices_are_bounded_for_mode_0(void **state)
{
	const struct video_encoder_config cfg = { .width = 1280,
		.height = 720, .fps = 25, .bps = 1500000,
		.codec = VIDEO_H264, .nal_max = 1150 };
	struct trip                       t;

	(void)state;
	t = round_trip(&cfg, 50);
	assert_in_range(t.nal_longest, 500, 1150);
	assert_true(t.worst_db >= 37);
}

/* Constrained baseline; parameters before each key frame, which is IDR. */
static void
h264_is_what_was_negotiated(void **state)
{
	const struct video_encoder_config cfg = { .width = 320,
		.height = 180, .fps = 25, .bps = 200000,
		.codec = VIDEO_H264 };
	struct video_encoder *e;
	struct video_frame   *f = picture_new(320, 180);

	(void)state;
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	for (unsigned i = 0; i < 60; i++) {
		const bool            key = i % 20 == 0;
		struct video_encoded  out;
		struct bitstream_info info;
		struct reader         r;
		struct annex_b_nal    nal;
		unsigned              units[32] = { 0 };

		picture_scene(f, i, i < 30 ? 1 : 9);	/* a cut at 30 */
		assert_int_equal(video_encoder_encode(e, f,
		    (int64_t)i * FRAME_US, key, &out), 0);
		assert_int_equal(out.key, key);
		assert_int_equal(bitstream_h264(&info, out.data, out.len), 0);
		assert_int_equal(info.key, key);
		assert_int_equal(info.width, key ? 320 : 0);
		r = reader_of(out.data, out.len);
		while (annex_b_next(&nal, &r)) {
			units[annex_b_type(&nal)]++;
			if (annex_b_type(&nal) != H264_SPS)
				continue;
			assert_int_equal(nal.data[1], 0x42);
			assert_int_equal(nal.data[2] & 0x40, 0x40);
			assert_in_range(nal.data[3], 10, 31);
		}
		assert_int_equal(units[H264_SPS], key);
		assert_int_equal(units[H264_PPS], key);
		assert_int_equal(units[H264_IDR_SLICE], key);
		assert_int_equal(units[H264_SLICE], !key);
	}
	video_encoder_free(e);
	video_frame_unref(&f);
}

static void
a_new_rate_needs_no_key_frame(void **state)
{
	(void)state;
	for (int h264 = 0; h264 < 2; h264++) {
		const struct video_encoder_config cfg = { .width = 320,
			.height = 180, .fps = 25, .bps = 200000,
			.codec = h264 ? VIDEO_H264 : VIDEO_VP8 };
		struct video_encoder *e;
		struct video_frame   *f = picture_new(320, 180);
		size_t                before = 0, after = 0;

		assert_int_equal(video_encoder_new(&e, &cfg), 0);
		for (unsigned i = 0; i < 200; i++) {
			struct video_encoded out;

			if (i == 75)
				assert_int_equal(video_encoder_set_rate(e,
				    80000), 0);
			picture_scene(f, i, 2);
			assert_int_equal(video_encoder_encode(e, f,
			    (int64_t)i * FRAME_US, i == 0, &out), 0);
			assert_true(out.key == (i == 0));
			if (i >= 25 && i < 75)
				before += out.len;
			if (i >= 150)
				after += out.len;
		}
		assert_true(after * 10 < before * 7);
		assert_int_equal(video_encoder_set_rate(e, 0), -EINVAL);
		video_encoder_free(e);
		video_frame_unref(&f);
	}
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

/* A mosaic in which nothing moves is sent five times a second. */
static void
frames_may_come_seldom_and_time_may_stand(void **state)
{
	const struct video_encoder_config cfg = { .width = 320,
		.height = 180, .fps = 25, .bps = 200000,
		.codec = VIDEO_H264 };
	struct video_encoder *e;
	struct video_frame   *f = picture_new(320, 180);
	struct video_frame   *other = picture_new(640, 360);
	struct video_encoded  out;

	(void)state;
	assert_int_equal(video_encoder_prepare(), 0);
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	for (unsigned i = 0; i < 50; i++) {
		picture_scene(f, i, 1);
		assert_int_equal(video_encoder_encode(e, f,
		    i < 20 ? 7 : (int64_t)i * 200000, i == 0, &out), 0);
		assert_true(out.len > 0);
	}
	assert_int_equal(video_encoder_encode(e, other, 1 << 30, false,
	    &out), -EIO);
	video_encoder_free(e);
	video_frame_unref(&f);
	video_frame_unref(&other);
}

/* Never a live encoder in another size: one is made, the other goes. */
static void
encoders_come_and_go(void **state)
{
	long before = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		const struct video_encoder_config cfg = {
			.width = 16 + (int)(i * 37 % 40) * 16,
			.height = 16 + (int)(i * 11 % 22) * 16,
			.fps = 25, .bps = 100000 + i * 1000,
			.codec = i % 3 ? VIDEO_H264 : VIDEO_VP8,
			.nal_max = i % 2 ? 1150 : 0 };
		struct video_encoder *e;
		struct video_encoded  out;
		struct video_frame   *f = picture_new(cfg.width, cfg.height);

		picture_fill(f, 90, 100, 150);
		assert_int_equal(video_encoder_new(&e, &cfg), 0);
		assert_int_equal(video_encoder_encode(e, f, 0, true, &out),
		    0);
		assert_true(out.key);
		video_encoder_free(e);
		video_frame_unref(&f);
		if (i == 20)
			before = memory_used();
	}
	assert_true(memory_used() - before < 8 << 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_sharp_and_keep_their_rate),
		cmocka_unit_test(slices_are_bounded_for_mode_0),
		cmocka_unit_test(h264_is_what_was_negotiated),
		cmocka_unit_test(a_new_rate_needs_no_key_frame),
		cmocka_unit_test(
		    the_encoder_refuses_another_size_and_time_that_stands),
		cmocka_unit_test(frames_may_come_seldom_and_time_may_stand),
		cmocka_unit_test(encoders_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
