/*
 * The VP9 payload descriptor (RFC 9628, 4.2), and frames by it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "assemble.h"
#include "rtp/payload_vp9.h"

/* RFC 9628, figures 2 and 3. */
static const struct bytes flexible = BYTES(
    0xfc,			/* I P L F B E */
    0x92, 0x34,			/* M and 15 bits of PictureID */
    0x45,			/* TID 2, SID 2, D */
    0x03, 0x05, 0x08,		/* three P_DIFF */
    0x86, 0xaa);
static const struct bytes fixed = BYTES(
    0xea,			/* I P L B V */
    0x11,			/* 7 bits of PictureID */
    0x20, 0x07,			/* TID 1; TL0PICIDX */
    0x38,			/* N_S 1, Y, G */
    0x01, 0x40, 0, 0xb4, 0x02, 0x80, 0x01, 0x68,	/* two sizes */
    0x02,			/* N_G */
    0x04, 0x01,			/* TID 0, one P_DIFF */
    0x28, 0x01, 0x02,		/* TID 1, two */
    0x86, 0xbb);

/* A frame of one layer, as browsers send it. */
static const struct bytes key_start = BYTES(0x8a, 0x80, 1, 0, 0x82, 1);
static const struct bytes key_end = BYTES(0x84, 0x80, 1, 2, 3);
static const struct bytes inter = BYTES(0xcc, 0x80, 2, 0x86, 9);

static void
reads_every_field(void **state)
{
	struct payload_vp9 v;

	(void)state;
	assert_int_equal(payload_vp9_parse(&v, flexible.p, flexible.len), 0);
	assert_true(v.begins && v.ends && v.has_picture_id);
	assert_int_equal(v.picture_id, 0x1234);
	assert_int_equal(v.temporal_id, 2);
	assert_int_equal(v.spatial_id, 2);
	assert_int_equal(v.data_len, 2);
	assert_int_equal(v.data[1], 0xaa);
	assert_int_equal(payload_vp9_parse(&v, fixed.p, fixed.len), 0);
	assert_true(v.begins);
	assert_false(v.ends);
	assert_int_equal(v.picture_id, 17);
	assert_int_equal(v.temporal_id, 1);
	assert_int_equal(v.spatial_id, 0);
	assert_int_equal(v.data_len, 2);
	assert_int_equal(v.data[1], 0xbb);
}

static void
knows_a_key_frame_by_its_own_header(void **state)
{
	static const uint8_t key = 0x82, shown_again = 0x88, between = 0x86,
	    no_frame = 0x42;

	(void)state;
	assert_true(payload_vp9_is_key(&key, 1));
	assert_false(payload_vp9_is_key(&shown_again, 1));
	assert_false(payload_vp9_is_key(&between, 1));
	assert_false(payload_vp9_is_key(&no_frame, 1));
	assert_false(payload_vp9_is_key(NULL, 0));
}

static void
puts_frames_together(void **state)
{
	static const uint8_t    whole[] = { 0x82, 1, 2, 3 };
	const struct bytes      frame[] = { key_start, key_end };
	struct frame_assembler *a;
	struct assembled        got;

	(void)state;
	assert_int_equal(frame_assembler_new(&a), 0);
	got = assemble_next(a, VIDEO_VP9, frame, 2, 0, 0);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(whole));
	assert_memory_equal(got.data, whole, sizeof(whole));
	got = assemble_next(a, VIDEO_VP9, &inter, 1, 2, 3000);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_false(got.key);
	assert_int_equal(got.len, 2);
	frame_assembler_free(a);
}

/* Of two spatial layers the lower alone; its frame ends before the marker. */
static void
takes_the_lowest_layer_only(void **state)
{
	static const uint8_t whole[] = { 0x82, 1 };
	const struct bytes   picture[] = {
		BYTES(0xae, 0x80, 1, 0x00, 0, 0, 0x82, 1),
		BYTES(0xa8, 0x80, 1, 0x02, 0, 0x82, 2),
		BYTES(0xa4, 0x80, 1, 0x02, 0, 3),
	};
	const struct bytes   next[] = {
		BYTES(0xec, 0x80, 2, 0x00, 0, 0x86, 4),
		BYTES(0xec, 0x80, 2, 0x02, 0, 0x86, 5),
	};
	struct frame_assembler *a;
	struct assembled        got;

	(void)state;
	assert_int_equal(frame_assembler_new(&a), 0);
	got = assemble_next(a, VIDEO_VP9, picture, 3, 0, 0);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, 2);
	assert_memory_equal(got.data, whole, 2);
	got = assemble_next(a, VIDEO_VP9, next, 2, 3, 3000);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_int_equal(got.len, 2);
	assert_int_equal(got.data[1], 4);
	frame_assembler_free(a);
}

static void
refuses_what_is_no_descriptor(void **state)
{
	const struct bytes bad[] = {
		BYTES(0x88),			/* no PictureID */
		BYTES(0x88, 0x80),		/* half of one */
		BYTES(0x88, 1),			/* no data */
		BYTES(0x28, 0),			/* layers, no TL0PICIDX */
		BYTES(0x58, 1, 1, 1, 1, 0x86),	/* more than three P_DIFF */
		BYTES(0x0a, 0x10, 1, 2, 3),	/* half of a size */
		BYTES(0x0a, 0x08, 2, 0x04, 1),	/* the second group is missing */
	};
	const struct bytes   two_begin[] = { key_start, key_start };
	struct payload_sight sight;

	(void)state;
	assert_int_equal(payload_vp9_format.look(&sight, NULL, 0), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (look_at(&payload_vp9_format, &sight, &bad[i]) != -EBADMSG)
			fail_msg("payload %zu is not refused", i);
	}
	assert_int_equal(assemble(VIDEO_VP9, two_begin, 2).verdict,
	    FRAME_NEED_KEY);
}

static void
survives_every_truncation_and_flip(void **state)
{
	struct payload_vp9 v;

	(void)state;
	for (size_t len = 0; len + 1 < flexible.len; len++) {
		uint8_t *exact = exact_copy(flexible.p, len);

		assert_int_equal(payload_vp9_parse(&v, exact, len), -EBADMSG);
		free(exact);
	}
	spoil(&payload_vp9_format, &flexible);
	spoil(&payload_vp9_format, &fixed);
	spoil(&payload_vp9_format, &key_start);
	spoil(&payload_vp9_format, &inter);
}

/* ---- what we send -------------------------------------------------------- */

static void
cuts_a_key_frame_with_its_size_and_puts_it_together_again(void **state)
{
	static const uint8_t      head[] = { 0x8a, 0x80, 0x07, 0x10, 2, 0x80,
		1, 0x68, 0x82 };
	struct payload_vp9_cutter c;
	uint8_t                   frame[1000], parts[8][200];
	struct bytes              payloads[8];
	struct assembled          got;
	unsigned                  count = 0;
	bool                      last = false;

	(void)state;
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	frame[0] = 0x82;
	payload_vp9_cut(&c, frame, sizeof(frame), 200, 7, 640, 360);
	while (!last) {
		payloads[count].p = parts[count];
		payloads[count].len = payload_vp9_next(&c, parts[count],
		    sizeof(parts[count]), &last);
		assert_in_range(payloads[count].len, 1, 200);
		count++;
	}
	assert_int_equal(payload_vp9_next(&c, parts[7], 200, &last), 0);
	assert_int_equal(count, 6);
	assert_memory_equal(parts[0], head, sizeof(head));
	assert_int_equal(parts[1][0], 0x80);
	assert_int_equal(parts[5][0], 0x84);
	got = assemble(VIDEO_VP9, payloads, count);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(frame));
	assert_memory_equal(got.data, frame, sizeof(frame));
}

static void
a_delta_frame_says_so_and_takes_another_picture_id(void **state)
{
	static const uint8_t      frame[] = { 0x86, 1, 2 };
	static const uint8_t      whole[] = { 0xcc, 0xff, 0xff, 0x86, 1, 2 };
	struct payload_vp9_cutter c;
	struct payload_vp9        parsed;
	uint8_t                   out[16];
	bool                      last = false;

	(void)state;
	payload_vp9_cut(&c, frame, sizeof(frame), 100, 0x7fff, 640, 360);
	assert_int_equal(payload_vp9_next(&c, out, sizeof(out), &last),
	    sizeof(whole));
	assert_true(last);
	assert_memory_equal(out, whole, sizeof(whole));
	payload_vp9_patch(out, 0x1234);
	assert_int_equal(payload_vp9_parse(&parsed, out, sizeof(whole)), 0);
	assert_int_equal(parsed.picture_id, 0x1234);
}

static void
writes_nothing_where_there_is_no_room(void **state)
{
	static const uint8_t      frame[20] = { 0x86 };
	struct payload_vp9_cutter c;
	uint8_t                   out[16];
	bool                      last = false;

	(void)state;
	payload_vp9_cut(&c, frame, sizeof(frame), 8, 1, 640, 360);
	assert_int_equal(payload_vp9_next(&c, out, sizeof(out), &last), 0);
	payload_vp9_cut(&c, frame, sizeof(frame), 100, 1, 640, 360);
	assert_int_equal(payload_vp9_next(&c, out, sizeof(out), &last), 0);
	payload_vp9_cut(&c, frame, 0, 100, 1, 640, 360);
	assert_int_equal(payload_vp9_next(&c, out, sizeof(out), &last), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(knows_a_key_frame_by_its_own_header),
		cmocka_unit_test(puts_frames_together),
		cmocka_unit_test(takes_the_lowest_layer_only),
		cmocka_unit_test(refuses_what_is_no_descriptor),
		cmocka_unit_test(
		    cuts_a_key_frame_with_its_size_and_puts_it_together_again),
		cmocka_unit_test(
		    a_delta_frame_says_so_and_takes_another_picture_id),
		cmocka_unit_test(writes_nothing_where_there_is_no_room),
		cmocka_unit_test(survives_every_truncation_and_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
