/*
 * Decoders of all codecs, the H.264 encoder, and bombs for each.
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

#include <config.h>
#include "pictures.h"
#include "rtp/annex_b.h"
#include "streams.h"
#include "video/bitstream.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define FRAME_US 40000
/* Bytes that no stream may make us grow; a sanitizer keeps what is freed. */
#ifdef WITH_SANITIZER
#define GROWTH_MAX (512 << 20)
#else
#define GROWTH_MAX (64 << 20)
#endif

/* ---- helpers --------------------------------------------------------------- */

/* As the assembler would say it. */
static bool
is_key(enum video_codec codec, const uint8_t *data, size_t len)
{
	struct bitstream_info info = { .key = false };

	(void)bitstream_read(&info, codec, data, len);
	return info.key;
}

static int
decode(struct video_decoder *d, enum video_codec codec, const uint8_t *data,
    size_t len)
{
	struct video_frame *f = NULL;
	const int           err = video_decoder_decode(d, codec, data, len,
	    is_key(codec, data, len), &f);

	assert_true((err == 0) == (f != NULL));
	video_frame_unref(&f);
	return err;
}

struct coded {
	uint8_t data[65536];
	size_t  len;
};

/* A key frame of ours. */
static void
h264_key(struct coded *out, int width, int height)
{
	const struct video_encoder_config cfg = { .width = width,
		.height = height, .fps = 25, .bps = 300000,
		.codec = VIDEO_H264 };
	struct video_encoder *e;
	struct video_encoded  coded;
	struct video_frame   *f = picture_new(width, height);

	picture_scene(f, 0, 1);
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	assert_int_equal(video_encoder_encode(e, f, 0, true, &coded), 0);
	assert_true(coded.key && coded.len > 0 &&
	    coded.len <= sizeof(out->data));
	memcpy(out->data, coded.data, coded.len);
	out->len = coded.len;
	video_encoder_free(e);
	video_frame_unref(&f);
}

/* ---- what others send ------------------------------------------------------ */

static const struct { enum video_codec codec; const char *name;
    unsigned held; } fixtures[] = {
	{ VIDEO_VP9, "vp9.ivf", 0 },
	{ VIDEO_AV1, "av1.ivf", 0 },
	{ VIDEO_H264, "h264_high.264", 0 },
	{ VIDEO_H264, "h264_bframes.264", 2 },
};

#define FIXTURES (sizeof(fixtures) / sizeof(fixtures[0]))

/* Every picture comes at once, red, with the white square where it belongs. */
static void
decodes_what_others_send(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURES; i++) {
		struct video_decoder *d;
		struct stream         s;
		unsigned              shown = 0;

		stream_load(&s, fixtures[i].name);
		assert_int_equal(video_decoder_new(&d), 0);
		for (unsigned k = 0; k < s.count; k++) {
			struct video_frame *f;
			const int           err = video_decoder_decode(d,
			    fixtures[i].codec, s.frames[k].data,
			    s.frames[k].len, k == 0, &f);

			assert_true(err == 0 || err == -EAGAIN);
			if (err)
				continue;
			assert_int_equal(f->width, 160);
			assert_int_equal(f->height, 96);
			assert_in_range(f->planes[0][20 * f->strides[0] + 80],
			    86, 102);
			assert_in_range(f->planes[2][10 * f->strides[2] + 40],
			    195, 215);
			assert_true(f->planes[0][80 * f->strides[0] +
			    8 * (int)shown + 8] > 180);
			shown++;
			video_frame_unref(&f);
		}
		assert_int_equal(shown, s.count - fixtures[i].held);
		video_decoder_free(d);
		stream_clear(&s);
	}
}

static void
follows_a_size_that_changes_without_a_key_frame(void **state)
{
	struct video_decoder *d;
	struct stream         s;
	int                   widths[3] = { 0 };
	unsigned              count = 0;

	(void)state;
	stream_load(&s, "vp9_resized.ivf");
	assert_int_equal(video_decoder_new(&d), 0);
	for (unsigned k = 0; k < s.count; k++) {
		struct video_frame *f;

		assert_int_equal(video_decoder_decode(d, VIDEO_VP9,
		    s.frames[k].data, s.frames[k].len, k == 0, &f), 0);
		if (count == 0 || widths[count - 1] != f->width)
			widths[count++] = f->width;
		video_frame_unref(&f);
	}
	assert_int_equal(count, 3);
	assert_int_equal(widths[0], 640);
	assert_int_equal(widths[1], 480);
	assert_int_equal(widths[2], 320);
	video_decoder_free(d);
	stream_clear(&s);
}

/* With key frames, but not all the time, as each costs a decoder. */
static void
changes_its_codec_with_a_key_frame(void **state)
{
	struct video_decoder *d;
	struct stream         vp9, av1;
	unsigned              decoded = 0;

	(void)state;
	stream_load(&vp9, "vp9.ivf");
	stream_load(&av1, "av1.ivf");
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(decode(d, VIDEO_AV1, av1.frames[1].data,
	    av1.frames[1].len), -EBADMSG);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(decode(d, VIDEO_VP9, vp9.frames[0].data,
		    vp9.frames[0].len), 0);
		assert_int_equal(decode(d, VIDEO_VP9, vp9.frames[1].data,
		    vp9.frames[1].len), 0);
		assert_int_equal(decode(d, VIDEO_AV1, av1.frames[1].data,
		    av1.frames[1].len), -EBADMSG);
		assert_int_equal(decode(d, VIDEO_AV1, av1.frames[0].data,
		    av1.frames[0].len), 0);
		assert_int_equal(decode(d, VIDEO_AV1, av1.frames[1].data,
		    av1.frames[1].len), 0);
	}
	for (unsigned i = 0; i < 200; i++)
		decoded += i % 2 ? decode(d, VIDEO_VP9, vp9.frames[0].data,
		    vp9.frames[0].len) == 0 : decode(d, VIDEO_AV1,
		    av1.frames[0].data, av1.frames[0].len) == 0;
	assert_in_range(decoded, 0, 115);	/* half of them change nothing */
	video_decoder_free(d);
	stream_clear(&vp9);
	stream_clear(&av1);
}

/* ---- bombs ----------------------------------------------------------------- */

static void
size_bombs_cost_no_memory(void **state)
{
	static const struct { unsigned width, height; int err; } sizes[] = {
		{ 16384, 16384, -EMSGSIZE }, { 65536, 65536, -EMSGSIZE },
		{ 1922, 64, -EMSGSIZE }, { 1920, 1090, -EMSGSIZE },
		{ 1920, 1920, -EMSGSIZE }, { 8, 64, -EMSGSIZE },
	};
	uint8_t               unit[512];
	struct coded          c;
	struct stream         av1, vp9;
	struct video_decoder *d;
	long                  before;

	(void)state;
	h264_key(&c, 64, 64);
	stream_load(&av1, "av1.ivf");
	stream_load(&vp9, "vp9.ivf");
	assert_int_equal(video_decoder_prepare(), 0);
	assert_int_equal(video_decoder_new(&d), 0);
	before = memory_used();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const unsigned w = sizes[i].width - 1, h = sizes[i].height - 1;
		size_t         len = av1_sequence(unit, w + 1, h + 1);

		memcpy(unit + len, "\x32\x02\x10\x00", 4);
		for (int k = 0; k < 20; k++)
			assert_int_equal(decode(d, VIDEO_AV1, unit, len + 4),
			    sizes[i].err);
		/* Bytes 4 to 8 of VP9 are colours and 2 x 16 bits of size. */
		memcpy(unit, vp9.frames[0].data, vp9.frames[0].len);
		unit[4] = (uint8_t)(w >> 12 & 0x0f);
		unit[5] = (uint8_t)(w >> 4);
		unit[6] = (uint8_t)(w << 4 | h >> 12);
		unit[7] = (uint8_t)(h >> 4);
		unit[8] = (uint8_t)(h << 4);
		for (int k = 0; k < 20; k++)
			assert_int_equal(decode(d, VIDEO_VP9, unit,
			    vp9.frames[0].len), sizes[i].err);
		/* H.264 counts in macroblocks; above the largest it is bad. */
		len = h264_sps(unit, w / 16 + 1, h / 16 + 1, 1,
		    w < 16 ? 4 : 0, 0, -1);
		memcpy(unit + len, "\0\0\1\x65\x88\x80", 6);
		for (int k = 0; k < 20; k++)
			assert_true(decode(d, VIDEO_H264, unit, len + 6) < 0);
	}
	assert_true(memory_used() - before < 1 << 20);
	/* After all of that it decodes. */
	assert_int_equal(decode(d, VIDEO_H264, c.data, c.len), 0);
	video_decoder_free(d);
	stream_clear(&av1);
	stream_clear(&vp9);
}

/* A VP9 frame between that claims a size of its own. */
static void
a_size_bomb_between_key_frames_is_refused_too(void **state)
{
	struct stream         s;
	struct video_decoder *d;
	struct bits           b = { .count = 0 };
	long                  before;

	(void)state;
	bits_put(&b, 0x86, 8);
	bits_put(&b, 0, 2 + 8 + 12 + 3);
	bits_put(&b, 16383, 16);
	bits_put(&b, 16383, 16);
	bits_put(&b, 0, 200);
	stream_load(&s, "vp9.ivf");
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(decode(d, VIDEO_VP9, s.frames[0].data,
	    s.frames[0].len), 0);
	before = memory_used();
	for (int k = 0; k < 20; k++) {
		assert_int_equal(decode(d, VIDEO_VP9, b.bytes, b.count / 8),
		    k == 0 ? -EMSGSIZE : -EBADMSG);
	}
	assert_true(memory_used() - before < 1 << 20);
	video_decoder_free(d);
	stream_clear(&s);
}

/* Sizes that change at every key frame, and codecs with them. */
static void
flips_of_size_cost_little(void **state)
{
	struct coded         *small = malloc(sizeof(*small));
	struct coded         *large = malloc(sizeof(*large));
	struct video_decoder *d;
	struct stream         vp9, resized;
	const long            before = memory_used();
	unsigned              decoded = 0;

	(void)state;
	h264_key(small, 320, 180);
	h264_key(large, 1280, 720);
	stream_load(&vp9, "vp9.ivf");
	stream_load(&resized, "vp9_resized.ivf");
	assert_int_equal(video_decoder_new(&d), 0);
	for (int i = 0; i < 400; i++) {
		const struct coded *c = i % 2 ? large : small;

		decoded += decode(d, VIDEO_H264, c->data, c->len) == 0;
	}
	assert_in_range(decoded, 7, 250);
	for (int i = 0; i < 400; i++)
		(void)decode(d, VIDEO_VP9, i % 2 ? vp9.frames[0].data :
		    resized.frames[0].data, i % 2 ? vp9.frames[0].len :
		    resized.frames[0].len);
	for (int i = 0; i < 30; i++)
		(void)decode(d, VIDEO_H264, small->data, small->len);
	assert_int_equal(decode(d, VIDEO_H264, small->data, small->len), 0);
	assert_true(memory_used() - before < GROWTH_MAX);
	video_decoder_free(d);
	stream_clear(&vp9);
	stream_clear(&resized);
	free(small);
	free(large);
}

/* Parameters that let sixteen pictures wait, before slices of ours. */
static void
a_stream_that_holds_pictures_back_is_refused(void **state)
{
	uint8_t               *unit = malloc(1 << 17);
	struct coded          *c = malloc(sizeof(*c));
	struct reader          r;
	struct annex_b_nal     nal;
	struct video_decoder  *d;

	(void)state;
	h264_key(c, 320, 192);
	assert_int_equal(video_decoder_new(&d), 0);
	for (int reordered = 0; reordered <= 16; reordered += 8) {
		size_t len = h264_sps(unit, 20, 12, 4, 0, 0, reordered);
		int    err;

		r = reader_of(c->data, c->len);
		while (annex_b_next(&nal, &r)) {
			if (annex_b_type(&nal) == H264_SPS)
				continue;
			memcpy(unit + len, "\0\0\1", 3);
			memcpy(unit + len + 3, nal.data, nal.len);
			len += 3 + nal.len;
		}
		err = decode(d, VIDEO_H264, unit, len);
		assert_int_equal(err, reordered ? -EBADMSG : 0);
	}
	video_decoder_free(d);
	free(c);
	free(unit);
}

static uint32_t
next_chance(uint32_t *chance)
{
	*chance = *chance * 1664525u + 1013904223u;
	return *chance >> 8;
}

/* Every bit that may be wrong, in a stream that goes on. */
static void
survives_flips_truncation_and_noise(void **state)
{
	const long before = memory_used();
	uint32_t   chance = 7;

	(void)state;
	for (size_t i = 0; i < FIXTURES; i++) {
		const enum video_codec codec = fixtures[i].codec;
		struct video_decoder  *d;
		struct stream          s;

		stream_load(&s, fixtures[i].name);
		assert_int_equal(video_decoder_new(&d), 0);
		for (unsigned n = 0; n < 3000; n++) {
			const unsigned k = n % s.count;
			const size_t   len = s.frames[k].len;
			uint8_t       *exact = malloc(len);
			size_t         cut = len;

			memcpy(exact, s.frames[k].data, len);
			if (n % 3 == 0)
				exact[next_chance(&chance) % len] ^=
				    (uint8_t)(1 << next_chance(&chance) % 8);
			else if (n % 7 == 0)
				cut = next_chance(&chance) % len;
			(void)decode(d, codec, exact, cut);
			free(exact);
		}
		for (unsigned n = 0; n < 60; n++)
			(void)decode(d, codec, s.frames[0].data,
			    s.frames[0].len);
		if (fixtures[i].held == 0)
			assert_int_equal(decode(d, codec, s.frames[0].data,
			    s.frames[0].len), 0);
		video_decoder_free(d);
		stream_clear(&s);
	}
	assert_true(memory_used() - before < GROWTH_MAX);
}

/* ---- the H.264 encoder ----------------------------------------------------- */

struct trip {
	double   worst_db;	/* but for the first second */
	size_t   key_len, nal_longest;
	unsigned bps;
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
		struct reader        r;
		struct annex_b_nal   nal;

		picture_scene(f, i, 5);
		assert_int_equal(video_encoder_encode(e, f,
		    (int64_t)i * FRAME_US, i == 0, &out), 0);
		assert_true(out.key == (i == 0));
		assert_true(out.len > 0);
		sum += out.len;
		if (i == 0)
			t.key_len = out.len;
		r = reader_of(out.data, out.len);
		while (annex_b_next(&nal, &r)) {
			if (annex_b_type(&nal) != H264_SEI &&
			    nal.len > t.nal_longest)
				t.nal_longest = nal.len;
		}
		assert_int_equal(video_decoder_decode(d, VIDEO_H264, out.data,
		    out.len, out.key, &seen), 0);
		if (i >= 25) {
			const double db = picture_psnr(seen, &all, f);

			t.worst_db = db < t.worst_db ? db : t.worst_db;
		}
		video_frame_unref(&seen);
	}
	t.bps = (unsigned)(sum * 8 * 25 / frames);
	print_message("# %dx%d, nal_max %u: worst %.1f dB, key frame %zu "
	    "bytes, longest NAL unit %zu, %u bit/s\n", cfg->width, cfg->height,
	    cfg->nal_max, t.worst_db, t.key_len, t.nal_longest, t.bps);
	video_encoder_free(e);
	video_decoder_free(d);
	video_frame_unref(&f);
	return t;
}

static void
h264_is_sharp_and_keeps_its_rate(void **state)
{
	struct video_encoder_config cfg = { .width = 1280, .height = 720,
		.fps = 25, .bps = 1500000, .codec = VIDEO_H264 };
	struct trip                 t;

	(void)state;
	t = round_trip(&cfg, 50);
	assert_true(t.worst_db >= 38);
	assert_in_range(t.key_len, 1, 115000);
	assert_in_range(t.bps, 0, 1900000);
	cfg = (struct video_encoder_config) { .width = 320, .height = 180,
		.fps = 25, .bps = 200000, .codec = VIDEO_H264 };
	t = round_trip(&cfg, 75);
	assert_true(t.worst_db >= 34);
	assert_in_range(t.bps, 0, 250000);
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
	const struct video_encoder_config cfg = { .width = 320,
		.height = 180, .fps = 25, .bps = 200000,
		.codec = VIDEO_H264 };
	struct video_encoder *e;
	struct video_frame   *f = picture_new(320, 180);
	size_t                before = 0, after = 0;

	(void)state;
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	for (unsigned i = 0; i < 200; i++) {
		struct video_encoded out;

		if (i == 75)
			assert_int_equal(video_encoder_set_rate(e, 80000), 0);
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
		cmocka_unit_test(decodes_what_others_send),
		cmocka_unit_test(
		    follows_a_size_that_changes_without_a_key_frame),
		cmocka_unit_test(changes_its_codec_with_a_key_frame),
		cmocka_unit_test(size_bombs_cost_no_memory),
		cmocka_unit_test(
		    a_size_bomb_between_key_frames_is_refused_too),
		cmocka_unit_test(flips_of_size_cost_little),
		cmocka_unit_test(
		    a_stream_that_holds_pictures_back_is_refused),
		cmocka_unit_test(survives_flips_truncation_and_noise),
		cmocka_unit_test(h264_is_sharp_and_keeps_its_rate),
		cmocka_unit_test(slices_are_bounded_for_mode_0),
		cmocka_unit_test(h264_is_what_was_negotiated),
		cmocka_unit_test(a_new_rate_needs_no_key_frame),
		cmocka_unit_test(frames_may_come_seldom_and_time_may_stand),
		cmocka_unit_test(encoders_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
