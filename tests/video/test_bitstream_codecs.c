/*
 * What H.264, VP9 and AV1 pictures say of themselves.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "streams.h"
#include "video/bit_reader.h"
#include "video/bitstream.h"

/* The first slice of an IDR picture, and one of another. */
static const uint8_t idr[] = { 0, 0, 1, 0x65, 0x88, 0x80 };
static const uint8_t slice[] = { 0, 0, 1, 0x41, 0x9a, 0x80 };

/* VP9 bitstream, 6.2, of 320x180. */
static const uint8_t vp9_key[] = { 0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0,
	0x0b, 0x30, 0 };
static const uint8_t vp9_shown_again[] = { 0x88 };

/* ---- bits ------------------------------------------------------------------ */

static void
reads_exp_golomb_codes(void **state)
{
	/* H.264, table 9-2: 0, 1, 2, 3, 7, 8; then se: 0, 1, -1, 2, -2 */
	struct bits       b = { .count = 0 };
	struct bit_reader r;

	(void)state;
	for (unsigned i = 0; i < 300; i += 7)
		bits_ue(&b, i);
	r = bit_reader_of(b.bytes, sizeof(b.bytes), false);
	for (unsigned i = 0; i < 300; i += 7)
		assert_int_equal(bit_reader_ue(&r, 300), i);
	b = (struct bits) { .count = 0 };
	for (unsigned i = 0; i < 5; i++)
		bits_ue(&b, i);
	r = bit_reader_of(b.bytes, sizeof(b.bytes), false);
	assert_int_equal(bit_reader_se(&r), 0);
	assert_int_equal(bit_reader_se(&r), 1);
	assert_int_equal(bit_reader_se(&r), -1);
	assert_int_equal(bit_reader_se(&r), 2);
	assert_int_equal(bit_reader_se(&r), -2);
	assert_false(r.bad);
}

static void
bounds_codes_and_stops_at_the_end(void **state)
{
	static const uint8_t zeros[8] = { 0 };
	static const uint8_t two[] = { 0x60 };		/* ue 2 */
	struct bit_reader    r = bit_reader_of(zeros, sizeof(zeros), false);

	(void)state;
	assert_int_equal(bit_reader_ue(&r, UINT32_MAX), 0);
	assert_true(r.bad);
	r = bit_reader_of(two, 1, false);
	assert_int_equal(bit_reader_ue(&r, 1), 0);
	assert_true(r.bad);
	r = bit_reader_of(two, 1, false);
	assert_int_equal(bit_reader_bits(&r, 8), 0x60);
	assert_false(r.bad);
	assert_int_equal(bit_reader_bits(&r, 1), 0);
	assert_true(r.bad);
}

static void
drops_the_byte_that_keeps_start_codes_out(void **state)
{
	static const uint8_t escaped[] = { 0, 0, 3, 1, 0, 0, 3 };
	struct bit_reader    r = bit_reader_of(escaped, 7, true);

	(void)state;
	assert_int_equal(bit_reader_bits(&r, 32), 0x00000100);
	assert_int_equal(bit_reader_bits(&r, 8), 0);
	assert_false(r.bad);
	assert_int_equal(bit_reader_bits(&r, 8), 0);
	assert_true(r.bad);
	r = bit_reader_of(escaped, 7, false);
	assert_int_equal(bit_reader_bits(&r, 32), 0x00000301);
}

/* ---- H.264 ----------------------------------------------------------------- */

/* An SPS of these, then an IDR slice. */
static int
h264(struct bitstream_info *out, unsigned width, unsigned height,
    unsigned references, unsigned crop_right, unsigned crop_bottom)
{
	uint8_t bytes[512];
	size_t  len = h264_sps(bytes, width, height, references, crop_right,
	    crop_bottom, -1);

	memcpy(bytes + len, idr, sizeof(idr));
	return bitstream_h264(out, bytes, len + sizeof(idr));
}

static void
reads_the_size_of_an_sps(void **state)
{
	struct bitstream_info info = { 0 };

	(void)state;
	assert_int_equal(h264(&info, 40, 23, 1, 0, 4), 0);
	assert_true(info.key);
	assert_int_equal(info.width, 640);
	assert_int_equal(info.height, 360);
	assert_int_equal(h264(&info, 120, 68, 4, 0, 0), 0);
	assert_int_equal(info.width, 1920);
	assert_int_equal(info.height, 1088);
	assert_int_equal(h264(&info, 20, 12, 1, 3, 6), 0);
	assert_int_equal(info.width, 314);
	assert_int_equal(info.height, 180);
}

static void
refuses_an_sps_that_would_cost_memory(void **state)
{
	struct bitstream_info info = { .width = 7 };

	(void)state;
	assert_int_equal(h264(&info, 121, 1, 1, 0, 0), -EBADMSG);
	assert_int_equal(h264(&info, 1, 121, 1, 0, 0), -EBADMSG);
	assert_int_equal(h264(&info, 120, 68, 5, 0, 0), -EBADMSG);
	assert_int_equal(h264(&info, 20, 12, 17, 0, 0), -EBADMSG);
	assert_int_equal(h264(&info, 65536, 65536, 1, 0, 0), -EBADMSG);
	/* All of it, and more than it, is cropped. */
	assert_int_equal(h264(&info, 20, 12, 1, 160, 0), -EBADMSG);
	assert_int_equal(h264(&info, 20, 12, 1, 1920, 0), -EBADMSG);
	assert_int_equal(info.width, 7);
}

static void
knows_pictures_with_and_without_parameters(void **state)
{
	uint8_t               two[512];
	struct bitstream_info info;
	size_t                len;

	(void)state;
	assert_int_equal(bitstream_h264(&info, idr, sizeof(idr)), 0);
	assert_true(info.key);
	assert_int_equal(info.width, 0);
	assert_int_equal(bitstream_h264(&info, slice, sizeof(slice)), 0);
	assert_false(info.key);
	assert_true(info.shown);
	assert_int_equal(bitstream_h264(&info, slice + 3, 3), -EBADMSG);
	/* Two sets of parameters are two sizes. */
	len = h264_sps(two, 20, 12, 1, 0, 0, -1);
	len += h264_sps(two + len, 20, 12, 1, 0, 0, -1);
	assert_int_equal(bitstream_h264(&info, two, len), 0);
	len += h264_sps(two + len, 40, 12, 1, 0, 0, -1);
	assert_int_equal(bitstream_h264(&info, two, len), -EBADMSG);
}

static void
refuses_more_than_255_units(void **state)
{
	uint8_t               many[256 * 4];
	struct bitstream_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(many); i += 4)
		memcpy(many + i, "\0\0\1\x41", 4);
	assert_int_equal(bitstream_h264(&info, many, 255 * 4), 0);
	assert_int_equal(bitstream_h264(&info, many, 256 * 4), -EBADMSG);
}

/* Main and high profile of 8 bit 4:2:0, and no fields. */
static void
reads_the_profiles_that_others_send(void **state)
{
	static const char *names[] = { "h264_high.264",
	    "h264_bframes.264" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stream         s;
		struct bitstream_info info;

		stream_load(&s, names[i]);
		assert_int_equal(s.count, 10);
		for (unsigned k = 0; k < s.count; k++) {
			assert_int_equal(bitstream_h264(&info,
			    s.frames[k].data, s.frames[k].len), 0);
			assert_int_equal(info.key, k == 0);
			assert_int_equal(info.width, k == 0 ? 160 : 0);
			assert_int_equal(info.height, k == 0 ? 96 : 0);
		}
		stream_clear(&s);
	}
}

static void
refuses_profiles_of_more_bits_and_fields(void **state)
{
	static const struct { uint8_t profile; unsigned chroma, depth; bool frames;
	    int err; } all[] = {
		{ 100, 1, 0, true, 0 },
		{ 100, 2, 0, true, -EBADMSG },
		{ 100, 1, 2, true, -EBADMSG },
		{ 100, 1, 0, false, -EBADMSG },
		{ 110, 1, 0, true, -EBADMSG },
		{ 244, 1, 0, true, -EBADMSG },
		{ 88, 1, 0, true, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct bits           b = { .count = 0 };
		uint8_t               nal[64] = { 0, 0, 1, 0x67 };
		struct bitstream_info info;

		bits_put(&b, all[i].profile, 8);
		bits_put(&b, 31, 16);
		bits_ue(&b, 0);
		bits_ue(&b, all[i].chroma);
		bits_ue(&b, all[i].depth);
		bits_ue(&b, all[i].depth);
		bits_put(&b, 1, 2);		/* scaling matrices follow */
		bits_put(&b, 1, 1);		/* the first is there */
		for (unsigned k = 0; k < 16; k++)
			bits_ue(&b, 0);		/* as the one before */
		bits_put(&b, 1, 1);		/* the second ends at once: */
		bits_ue(&b, 16);		/* se -8, so 8 - 8 is 0 */
		bits_put(&b, 0, 6);
		bits_ue(&b, 0);
		bits_ue(&b, 1);			/* a cycle of order counts */
		bits_put(&b, 0, 1);
		bits_ue(&b, 3);
		bits_ue(&b, 4);
		bits_ue(&b, 2);
		bits_ue(&b, 5);
		bits_ue(&b, 6);
		bits_ue(&b, 1);
		bits_put(&b, 0, 1);
		bits_ue(&b, 19);
		bits_ue(&b, 11);
		bits_put(&b, all[i].frames, 1);
		bits_put(&b, 0x20, 8);
		memcpy(nal + 4, b.bytes, (b.count + 7) / 8);
		assert_int_equal(bitstream_h264(&info, nal,
		    4 + (b.count + 7) / 8), all[i].err);
		if (all[i].err == 0) {
			assert_int_equal(info.width, 320);
			assert_int_equal(info.height, 192);
		}
	}
}

/* ---- VP9 ------------------------------------------------------------------- */

static void
reads_the_size_of_a_vp9_key_frame(void **state)
{
	struct bitstream_info info;

	(void)state;
	assert_int_equal(bitstream_vp9(&info, vp9_key, sizeof(vp9_key)), 0);
	assert_true(info.key && info.shown);
	assert_int_equal(info.width, 320);
	assert_int_equal(info.height, 180);
	assert_int_equal(bitstream_vp9(&info, vp9_shown_again, 1), 0);
	assert_false(info.key);
	assert_int_equal(info.width, 0);
}

/* A VP9 frame between or intra-only, up to where its size is known. */
static size_t
vp9_frame(uint8_t *out, bool intra_only, unsigned found, unsigned size)
{
	struct bits b = { .count = 0 };

	bits_put(&b, 2 << 2, 4);	/* marker, profile 0 */
	bits_put(&b, 0, 1);		/* not one shown again */
	bits_put(&b, 1, 1);		/* no key frame */
	bits_put(&b, !intra_only, 1);	/* shown */
	bits_put(&b, 0, 1);		/* not resilient */
	if (intra_only)
		bits_put(&b, 1, 1);
	bits_put(&b, 0, 2);		/* keep the context */
	if (intra_only) {
		bits_put(&b, 0x498342, 24);
		bits_put(&b, 0, 8);
	} else {
		bits_put(&b, 0, 8 + 12);
		for (unsigned i = 0; i < found && i < 3; i++)
			bits_put(&b, 0, 1);
		if (found < 3)
			bits_put(&b, 1, 1);
	}
	if (intra_only || found >= 3) {
		bits_put(&b, size - 1, 16);
		bits_put(&b, size / 2 - 1, 16);
	}
	memcpy(out, b.bytes, (b.count + 7) / 8);
	return (b.count + 7) / 8;
}

static void
reads_the_size_of_a_vp9_frame_between(void **state)
{
	uint8_t               frame[64];
	struct bitstream_info info;

	(void)state;
	for (unsigned found = 0; found < 4; found++) {
		const size_t len = vp9_frame(frame, false, found, 16000);

		assert_int_equal(bitstream_vp9(&info, frame, len), 0);
		assert_false(info.key);
		assert_int_equal(info.width, found == 3 ? 16000 : 0);
		assert_int_equal(info.height, found == 3 ? 8000 : 0);
	}
	assert_int_equal(bitstream_vp9(&info, frame, vp9_frame(frame, true, 0,
	    640)), 0);
	assert_false(info.key || info.shown);
	assert_int_equal(info.width, 640);
	assert_int_equal(info.height, 320);
}

static void
refuses_other_profiles_and_superframes(void **state)
{
	uint8_t               frame[16];
	struct bitstream_info info = { .width = 7 };

	(void)state;
	assert_int_equal(bitstream_vp9(&info, NULL, 0), -EBADMSG);
	for (unsigned profile = 1; profile < 4; profile++) {
		memcpy(frame, vp9_key, sizeof(vp9_key));
		frame[0] |= (uint8_t)(profile << 4);
		assert_int_equal(bitstream_vp9(&info, frame,
		    sizeof(vp9_key)), -EBADMSG);
	}
	memcpy(frame, vp9_key, sizeof(vp9_key));
	frame[0] &= 0x7f;		/* the marker */
	assert_int_equal(bitstream_vp9(&info, frame, sizeof(vp9_key)),
	    -EBADMSG);
	memcpy(frame, vp9_key, sizeof(vp9_key));
	frame[2] ^= 1;			/* the sync code */
	assert_int_equal(bitstream_vp9(&info, frame, sizeof(vp9_key)),
	    -EBADMSG);
	memcpy(frame, vp9_key, sizeof(vp9_key));
	frame[4] |= 0xe0;		/* RGB */
	assert_int_equal(bitstream_vp9(&info, frame, sizeof(vp9_key)),
	    -EBADMSG);
	/* An index of two frames, of one byte each, at the end. */
	memcpy(frame, vp9_key, sizeof(vp9_key));
	memcpy(frame + sizeof(vp9_key), "\xc1\x05\x05\xc1", 4);
	assert_int_equal(bitstream_vp9(&info, frame, sizeof(vp9_key) + 4),
	    -EBADMSG);
	frame[sizeof(vp9_key)] = 0;	/* no index without its other end */
	assert_int_equal(bitstream_vp9(&info, frame, sizeof(vp9_key) + 4), 0);
}

static void
follows_an_encoder_that_changes_its_size(void **state)
{
	struct stream s;
	unsigned      sizes = 0;

	(void)state;
	stream_load(&s, "vp9_resized.ivf");
	for (unsigned i = 0; i < s.count; i++) {
		struct bitstream_info info;

		assert_int_equal(bitstream_vp9(&info, s.frames[i].data,
		    s.frames[i].len), 0);
		assert_int_equal(info.key, i == 0);
		sizes += info.width != 0;
	}
	assert_int_equal(sizes, 3);
	stream_clear(&s);
}

/* ---- AV1 ------------------------------------------------------------------- */

static const uint8_t av1_key[] = { 0x32, 2, 0x10, 0 };
static const uint8_t av1_delta[] = { 0x32, 2, 0x30, 0 };

static void
reads_the_size_of_a_sequence(void **state)
{
	uint8_t               unit[128];
	struct bitstream_info info;
	size_t                len = av1_sequence(unit, 1280, 720);

	(void)state;
	memcpy(unit + len, av1_key, sizeof(av1_key));
	assert_int_equal(bitstream_av1(&info, unit, len + sizeof(av1_key)),
	    0);
	assert_true(info.key);
	assert_int_equal(info.width, 1280);
	assert_int_equal(info.height, 720);
	assert_int_equal(bitstream_av1(&info, av1_delta, sizeof(av1_delta)),
	    0);
	assert_false(info.key);
	assert_int_equal(info.width, 0);
	len = av1_sequence(unit, 65536, 65536);
	memcpy(unit + len, av1_key, sizeof(av1_key));
	assert_int_equal(bitstream_av1(&info, unit, len + sizeof(av1_key)),
	    0);
	assert_int_equal(info.width, 65536);
}

static void
reads_what_libaom_makes(void **state)
{
	struct stream s;

	(void)state;
	stream_load(&s, "av1.ivf");
	assert_int_equal(s.count, 10);
	for (unsigned i = 0; i < s.count; i++) {
		struct bitstream_info info;

		assert_int_equal(bitstream_av1(&info, s.frames[i].data,
		    s.frames[i].len), 0);
		assert_int_equal(info.key, i == 0);
		assert_int_equal(info.width, i == 0 ? 160 : 0);
		assert_int_equal(info.height, i == 0 ? 96 : 0);
	}
	stream_clear(&s);
}

/* With timing, a decoder model, a delay and two operating points. */
static void
finds_the_size_behind_timing_and_models(void **state)
{
	struct bits           b = { .count = 0 };
	uint8_t               unit[128] = { 0x0a };
	struct bitstream_info info;
	size_t                len;

	(void)state;
	bits_put(&b, 0, 5);
	bits_put(&b, 1, 1);		/* timing */
	bits_put(&b, 1, 32);
	bits_put(&b, 30, 32);
	bits_put(&b, 1, 1);		/* equal intervals */
	bits_ue(&b, 0);
	bits_put(&b, 1, 1);		/* a decoder model */
	bits_put(&b, 9, 5);		/* delays of 10 bits */
	bits_put(&b, 1, 32);
	bits_put(&b, 0, 10);
	bits_put(&b, 1, 1);		/* a display delay */
	bits_put(&b, 1, 5);		/* two operating points */
	for (unsigned i = 0; i < 2; i++) {
		bits_put(&b, 0, 12);
		bits_put(&b, i ? 8 : 5, 5);
		if (i)
			bits_put(&b, 1, 1);	/* its tier */
		bits_put(&b, 1, 1);
		bits_put(&b, 0x3ff, 10);
		bits_put(&b, 0x3ff, 10);
		bits_put(&b, 1, 1);
		bits_put(&b, 1, 1);
		bits_put(&b, 3, 4);
	}
	bits_put(&b, 9, 4);
	bits_put(&b, 8, 4);
	bits_put(&b, 639, 10);
	bits_put(&b, 359, 9);
	bits_put(&b, 0, 24);
	len = (b.count + 7) / 8;
	unit[1] = (uint8_t)len;
	memcpy(unit + 2, b.bytes, len);
	memcpy(unit + 2 + len, av1_key, sizeof(av1_key));
	assert_int_equal(bitstream_av1(&info, unit,
	    2 + len + sizeof(av1_key)), 0);
	assert_int_equal(info.width, 640);
	assert_int_equal(info.height, 360);
}

static void
refuses_other_profiles_stills_and_many_frames(void **state)
{
	uint8_t               unit[256];
	struct bitstream_info info;
	size_t                len = av1_sequence(unit, 640, 360), more;

	(void)state;
	memcpy(unit + len, av1_key, sizeof(av1_key));
	for (unsigned bit = 0; bit < 5; bit++) {
		unit[2] ^= (uint8_t)(0x80 >> bit);
		assert_int_equal(bitstream_av1(&info, unit,
		    len + sizeof(av1_key)), -EBADMSG);
		unit[2] ^= (uint8_t)(0x80 >> bit);
	}
	/* Two sequence headers are two sizes, and none is no frame. */
	assert_int_equal(bitstream_av1(&info, unit, len), -EBADMSG);
	more = len + av1_sequence(unit + len, 640, 362);
	memcpy(unit + more, av1_key, sizeof(av1_key));
	assert_int_equal(bitstream_av1(&info, unit, more + sizeof(av1_key)),
	    -EBADMSG);
	for (unsigned i = 0; i < 9; i++)
		memcpy(unit + i * sizeof(av1_delta), av1_delta,
		    sizeof(av1_delta));
	assert_int_equal(bitstream_av1(&info, unit, 8 * sizeof(av1_delta)),
	    0);
	assert_int_equal(bitstream_av1(&info, unit, 9 * sizeof(av1_delta)),
	    -EBADMSG);
	unit[1] = 200;			/* longer than the unit */
	assert_int_equal(bitstream_av1(&info, unit, 8), -EBADMSG);
	unit[0] &= 0xfd;		/* without a length */
	assert_int_equal(bitstream_av1(&info, unit, 8), -EBADMSG);
}

/* ---- all ------------------------------------------------------------------- */

/* Each prefix, and each bit flipped, in memory of its exact size. */
static void
spoil(enum video_codec codec, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < 9 * len; i++) {
		const size_t          n = i < len ? i : len;
		uint8_t              *exact = malloc(n ? n : 1);
		struct bitstream_info info = { .width = -1 };

		memcpy(exact, data, n);
		if (i >= len)
			exact[(i - len) / 8] ^= (uint8_t)(1 << (i - len) % 8);
		if (bitstream_read(&info, codec, exact, n) == 0)
			assert_in_range(info.width, 0, 65536);
		else
			assert_int_equal(info.width, -1);
		free(exact);
	}
}

static void
survives_every_truncation_and_flip(void **state)
{
	static const struct { enum video_codec codec; const char *name; } all[] = {
		{ VIDEO_H264, "h264_high.264" }, { VIDEO_VP9, "vp9.ivf" },
		{ VIDEO_AV1, "av1.ivf" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct stream s;

		stream_load(&s, all[i].name);
		spoil(all[i].codec, s.frames[0].data, s.frames[0].len);
		spoil(all[i].codec, s.frames[1].data, s.frames[1].len);
		stream_clear(&s);
	}
	spoil(VIDEO_VP9, vp9_key, sizeof(vp9_key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_exp_golomb_codes),
		cmocka_unit_test(bounds_codes_and_stops_at_the_end),
		cmocka_unit_test(drops_the_byte_that_keeps_start_codes_out),
		cmocka_unit_test(reads_the_size_of_an_sps),
		cmocka_unit_test(refuses_an_sps_that_would_cost_memory),
		cmocka_unit_test(knows_pictures_with_and_without_parameters),
		cmocka_unit_test(refuses_more_than_255_units),
		cmocka_unit_test(reads_the_profiles_that_others_send),
		cmocka_unit_test(refuses_profiles_of_more_bits_and_fields),
		cmocka_unit_test(reads_the_size_of_a_vp9_key_frame),
		cmocka_unit_test(reads_the_size_of_a_vp9_frame_between),
		cmocka_unit_test(refuses_other_profiles_and_superframes),
		cmocka_unit_test(follows_an_encoder_that_changes_its_size),
		cmocka_unit_test(reads_the_size_of_a_sequence),
		cmocka_unit_test(reads_what_libaom_makes),
		cmocka_unit_test(finds_the_size_behind_timing_and_models),
		cmocka_unit_test(
		    refuses_other_profiles_stills_and_many_frames),
		cmocka_unit_test(survives_every_truncation_and_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
