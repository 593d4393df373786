/*
 * Decoders of all codecs: what others send, bombs, and what goes wrong.
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

/* A key frame of ours: VP8 or H.264. */
static void
key_frame(struct coded *out, enum video_codec codec, int width, int height)
{
	const struct video_encoder_config cfg = { .width = width,
		.height = height, .fps = 25, .bps = 300000, .codec = codec };
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

static void
nothing_decodes_before_a_key_frame_or_after_an_error(void **state)
{
	struct coded         *c = malloc(sizeof(*c));
	const uint8_t         inter[] = { 0x31, 0, 0, 0 };
	struct video_frame   *f = NULL;
	struct video_decoder *d;

	(void)state;
	key_frame(c, VIDEO_VP8, 64, 64);
	assert_int_equal(video_decoder_new(&d), 0);
	assert_int_equal(decode(d, VIDEO_VP8, inter, sizeof(inter)), -EBADMSG);
	/* It is one, but was not said to be one. */
	assert_int_equal(video_decoder_decode(d, VIDEO_VP8, c->data, c->len,
	    false, &f), -EBADMSG);
	assert_int_equal(decode(d, VIDEO_VP8, c->data, c->len), 0);
	assert_int_equal(video_decoder_decode(d, VIDEO_VP8, NULL, 0, true,
	    &f), -EBADMSG);
	assert_int_equal(decode(d, VIDEO_VP8, inter, sizeof(inter)), -EBADMSG);
	assert_null(f);
	video_decoder_free(d);
	free(c);
}

static void
pictures_outlive_the_decoder_and_are_bounded(void **state)
{
	struct coded         *c = malloc(sizeof(*c));
	struct video_decoder *d;
	struct video_frame   *out[16] = { NULL };
	unsigned              count = 0;

	(void)state;
	key_frame(c, VIDEO_VP8, 64, 64);
	assert_int_equal(video_decoder_new(&d), 0);
	while (count < 16 && video_decoder_decode(d, VIDEO_VP8, c->data,
	    c->len, true, &out[count]) == 0)
		count++;
	assert_int_equal(count, 8);
	video_frame_unref(&out[0]);
	assert_int_equal(video_decoder_decode(d, VIDEO_VP8, c->data, c->len,
	    true, &out[0]), 0);
	video_decoder_free(d);
	assert_int_equal(out[7]->width, 64);
	assert_memory_equal(out[0]->planes[0], out[7]->planes[0], 64);
	for (unsigned i = 0; i < count; i++)
		video_frame_unref(&out[i]);
	free(c);
}

/* ---- bombs ----------------------------------------------------------------- */

static void
vp8_claim(uint8_t *out, unsigned size)
{
	if (size > 0x3fff)
		size = 0x3fff;
	out[0] = (uint8_t)size;
	out[1] = (uint8_t)(size >> 8);
}

static void
size_bombs_cost_no_memory(void **state)
{
	static const struct { unsigned width, height; int err; } sizes[] = {
		{ 16384, 16384, -EMSGSIZE }, { 65536, 65536, -EMSGSIZE },
		{ 1922, 64, -EMSGSIZE }, { 1920, 1090, -EMSGSIZE },
		{ 1920, 1920, -EMSGSIZE }, { 8, 64, -EMSGSIZE },
	};
	uint8_t               unit[512];
	struct coded          c, vp8;
	struct stream         av1, vp9;
	struct video_decoder *d;
	long                  before;

	(void)state;
	key_frame(&c, VIDEO_H264, 64, 64);
	key_frame(&vp8, VIDEO_VP8, 64, 64);
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
		/* VP8 has 14 bits of each, from byte 6 on. */
		vp8_claim(vp8.data + 6, w + 1);
		vp8_claim(vp8.data + 8, h + 1);
		for (int k = 0; k < 20; k++)
			assert_int_equal(decode(d, VIDEO_VP8, vp8.data,
			    vp8.len), -EMSGSIZE);
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
	static const enum video_codec ours[] = { VIDEO_VP8, VIDEO_H264 };
	struct coded         *small = malloc(sizeof(*small));
	struct coded         *large = malloc(sizeof(*large));
	struct video_decoder *d;
	struct stream         vp9, resized;
	const long            before = memory_used();

	(void)state;
	stream_load(&vp9, "vp9.ivf");
	stream_load(&resized, "vp9_resized.ivf");
	assert_int_equal(video_decoder_new(&d), 0);
	for (int k = 0; k < 2; k++) {
		unsigned decoded = 0;

		key_frame(small, ours[k], 320, 180);
		key_frame(large, ours[k], 1280, 720);
		for (int i = 0; i < 400; i++) {
			const struct coded *c = i % 2 ? large : small;

			decoded += decode(d, ours[k], c->data, c->len) == 0;
		}
		assert_in_range(decoded, 7, 250);
		/* One that stays is welcome again, whichever it is. */
		for (int i = 0; i < 30; i++)
			(void)decode(d, ours[k], small->data, small->len);
		assert_int_equal(decode(d, ours[k], small->data, small->len),
		    0);
		for (int i = 0; i < 30; i++)
			(void)decode(d, ours[k], large->data, large->len);
		assert_int_equal(decode(d, ours[k], large->data, large->len),
		    0);
	}
	for (int i = 0; i < 400; i++)
		(void)decode(d, VIDEO_VP9, i % 2 ? vp9.frames[0].data :
		    resized.frames[0].data, i % 2 ? vp9.frames[0].len :
		    resized.frames[0].len);
	for (int i = 0; i < 30; i++)
		(void)decode(d, VIDEO_H264, large->data, large->len);
	assert_int_equal(decode(d, VIDEO_H264, large->data, large->len), 0);
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
	key_frame(c, VIDEO_H264, 320, 192);
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

/* Every prefix, and every bit that may be wrong, in a stream that goes on. */
static void
spoil(struct video_decoder *d, enum video_codec codec, const struct stream *s,
    uint32_t *chance)
{
	for (size_t len = 0; len < s->frames[0].len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		memcpy(exact, s->frames[0].data, len);
		(void)decode(d, codec, exact, len);
		free(exact);
	}
	for (unsigned n = 0; n < 3000; n++) {
		const unsigned k = n % s->count;
		const size_t   len = s->frames[k].len;
		uint8_t       *exact = malloc(len);
		size_t         cut = len;

		memcpy(exact, s->frames[k].data, len);
		if (n % 3 == 0)
			exact[next_chance(chance) % len] ^=
			    (uint8_t)(1 << next_chance(chance) % 8);
		else if (n % 7 == 0)
			cut = next_chance(chance) % len;
		(void)decode(d, codec, exact, cut);
		free(exact);
	}
}

/* Noise, every other time behind a head that is good. */
static void
hiss(struct video_decoder *d, enum video_codec codec, const struct stream *s,
    uint32_t *chance)
{
	for (unsigned n = 0; n < 1000; n++) {
		uint8_t noise[200];

		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (uint8_t)next_chance(chance);
		if (n % 2)
			memcpy(noise, s->frames[0].data, 10);
		(void)decode(d, codec, noise, sizeof(noise));
	}
}

/* VP8 of ours, as if it came from a file. */
static void
stream_encode(struct stream *s)
{
	const struct video_encoder_config cfg = { .width = 160,
		.height = 96, .fps = 25, .bps = 100000 };
	struct video_encoder *e;
	struct video_frame   *f = picture_new(160, 96);
	size_t                at = 0;

	s->bytes = malloc(1 << 16);
	s->count = 0;
	assert_int_equal(video_encoder_new(&e, &cfg), 0);
	for (unsigned i = 0; i < 10; i++) {
		struct video_encoded out;

		picture_scene(f, i, 1);
		assert_int_equal(video_encoder_encode(e, f,
		    (int64_t)i * 40000, i == 0, &out), 0);
		if (out.len == 0)
			continue;
		assert_true(at + out.len <= 1 << 16);
		memcpy(s->bytes + at, out.data, out.len);
		s->frames[s->count].data = s->bytes + at;
		s->frames[s->count++].len = out.len;
		at += out.len;
	}
	video_encoder_free(e);
	video_frame_unref(&f);
}

static void
survives_flips_truncation_and_noise(void **state)
{
	const long before = memory_used();
	uint32_t   chance = 7;

	(void)state;
	for (size_t i = 0; i <= FIXTURES; i++) {
		const bool             ours = i == FIXTURES;
		const enum video_codec codec = ours ? VIDEO_VP8 :
		    fixtures[i].codec;
		struct video_decoder  *d;
		struct stream          s;

		if (ours)
			stream_encode(&s);
		else
			stream_load(&s, fixtures[i].name);
		assert_int_equal(video_decoder_new(&d), 0);
		spoil(d, codec, &s, &chance);
		hiss(d, codec, &s, &chance);
		for (unsigned n = 0; n < 60; n++)
			(void)decode(d, codec, s.frames[0].data,
			    s.frames[0].len);
		if (ours || fixtures[i].held == 0)
			assert_int_equal(decode(d, codec, s.frames[0].data,
			    s.frames[0].len), 0);
		video_decoder_free(d);
		stream_clear(&s);
	}
	assert_true(memory_used() - before < GROWTH_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_others_send),
		cmocka_unit_test(
		    follows_a_size_that_changes_without_a_key_frame),
		cmocka_unit_test(changes_its_codec_with_a_key_frame),
		cmocka_unit_test(
		    nothing_decodes_before_a_key_frame_or_after_an_error),
		cmocka_unit_test(pictures_outlive_the_decoder_and_are_bounded),
		cmocka_unit_test(size_bombs_cost_no_memory),
		cmocka_unit_test(a_size_bomb_between_key_frames_is_refused_too),
		cmocka_unit_test(flips_of_size_cost_little),
		cmocka_unit_test(a_stream_that_holds_pictures_back_is_refused),
		cmocka_unit_test(survives_flips_truncation_and_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
