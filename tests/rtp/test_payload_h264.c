/*
 * H.264 payloads (RFC 6184): put together, cut, and refused.
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
#include "rtp/payload_h264.h"

#define MAX 1150

/* RFC 6184, 5.7.1 and 5.8: the layouts of the figures, with short units. */
static const struct bytes stap = BYTES(0x78, 0, 3, 0x67, 0x42, 0xe0, 0, 2,
    0x68, 0xce);
static const struct bytes idr = BYTES(0x65, 0x88, 0x80);
static const struct bytes delta = BYTES(0x41, 0x9a, 1);
static const struct bytes first_part = BYTES(0x7c, 0x85, 0x88, 1, 2);
static const struct bytes middle_part = BYTES(0x7c, 0x05, 3, 4);
static const struct bytes last_part = BYTES(0x7c, 0x45, 5);

static void
puts_aggregates_and_single_units_together(void **state)
{
	static const uint8_t whole[] = { 0, 0, 1, 0x67, 0x42, 0xe0, 0, 0, 1,
	    0x68, 0xce, 0, 0, 1, 0x65, 0x88, 0x80 };
	const struct bytes   frame[] = { stap, idr };
	struct assembled     got;

	(void)state;
	got = assemble(VIDEO_H264, frame, 2);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(whole));
	assert_memory_equal(got.data, whole, sizeof(whole));
}

static void
puts_fragments_together(void **state)
{
	static const uint8_t whole[] = { 0, 0, 1, 0x67, 0x42, 0xe0, 0, 0, 1,
	    0x68, 0xce, 0, 0, 1, 0x65, 0x88, 1, 2, 3, 4, 5 };
	const struct bytes   frame[] = { stap, first_part, middle_part,
	    last_part };
	struct assembled     got;

	(void)state;
	got = assemble(VIDEO_H264, frame, 4);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(whole));
	assert_memory_equal(got.data, whole, sizeof(whole));
}

static void
nothing_goes_out_before_parameters_came(void **state)
{
	struct frame_assembler *a;

	(void)state;
	assert_int_equal(frame_assembler_new(&a), 0);
	assert_int_equal(assemble_next(a, VIDEO_H264, &idr, 1, 0, 0).verdict,
	    FRAME_MORE);
	assert_int_equal(assemble_next(a, VIDEO_H264, &delta, 1, 1,
	    3000).verdict, FRAME_NEED_KEY);
	frame_assembler_free(a);
}

/* Some send their parameters once. */
static void
a_later_key_frame_needs_no_parameters(void **state)
{
	const struct bytes      begin[] = { stap, idr };
	const struct bytes      two_slices[] = { BYTES(0x65, 0x80, 1),
	    BYTES(0x65, 0x40, 2) };
	struct frame_assembler *a;
	struct assembled        got;

	(void)state;
	assert_int_equal(frame_assembler_new(&a), 0);
	assert_true(assemble_next(a, VIDEO_H264, begin, 2, 0, 0).key);
	got = assemble_next(a, VIDEO_H264, &delta, 1, 2, 3000);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_false(got.key);
	/* Sequence 3 is lost: the next key frame makes it moot. */
	got = assemble_next(a, VIDEO_H264, two_slices, 2, 4, 9000);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	/* One whose first slice is lost does not. */
	got = assemble_next(a, VIDEO_H264, two_slices + 1, 1, 8, 12000);
	assert_int_equal(got.verdict, FRAME_MORE);
	frame_assembler_free(a);
}

static void
a_fragment_without_its_beginning_or_end_is_no_frame(void **state)
{
	const struct bytes lacks_end[] = { stap, first_part };
	const struct bytes lacks_start[] = { stap, middle_part, last_part };
	const struct bytes broken_off[] = { stap, first_part, idr };
	const struct bytes twice[] = { stap, first_part, first_part };

	(void)state;
	assert_int_equal(assemble(VIDEO_H264, lacks_end, 2).verdict,
	    FRAME_NEED_KEY);
	assert_int_equal(assemble(VIDEO_H264, lacks_start, 3).verdict,
	    FRAME_MORE);
	assert_int_equal(assemble(VIDEO_H264, broken_off, 3).verdict,
	    FRAME_NEED_KEY);
	assert_int_equal(assemble(VIDEO_H264, twice, 3).verdict,
	    FRAME_NEED_KEY);
}

static void
refuses_what_is_no_payload(void **state)
{
	const struct bytes bad[] = {
		BYTES(0x60),			/* type 0 */
		BYTES(0xe5, 0x88),		/* the forbidden bit */
		BYTES(0x78),			/* an aggregate of nothing */
		BYTES(0x78, 0),			/* half of a length */
		BYTES(0x78, 0, 0),		/* a unit of no length */
		BYTES(0x78, 0, 3, 0x67, 0x42),	/* longer than the rest */
		BYTES(0x78, 0, 1, 0x67, 0, 0),	/* the second of no length */
		BYTES(0x78, 0, 2, 0x78, 0),	/* an aggregate within */
		BYTES(0x78, 0, 1, 0x80),	/* type 0 within */
		BYTES(0x79, 0, 0, 0, 1, 0x65),	/* STAP-B */
		BYTES(0x7a, 0, 0, 0, 1, 0x65),	/* MTAP */
		BYTES(0x7c),			/* a fragment of nothing */
		BYTES(0x7c, 0x80, 1),		/* ... of type 0 */
		BYTES(0x7c, 0x9c, 1),		/* ... of a fragment */
		BYTES(0x7d, 0x85, 0, 0, 1),	/* FU-B */
		BYTES(0x7f, 1),			/* type 31 */
	};
	struct payload_sight sight;

	(void)state;
	assert_int_equal(payload_h264_format.look(&sight, NULL, 0), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (look_at(&payload_h264_format, &sight, &bad[i]) !=
		    -EBADMSG)
			fail_msg("payload %zu is not refused", i);
	}
}

static void
holds_no_more_than_255_units(void **state)
{
	static uint8_t many[1 + 3 * 255];
	struct bytes   frame[3] = { { many, 1 + 3 * 254 }, idr, delta };

	(void)state;
	many[0] = 0x78;
	for (size_t i = 1; i < sizeof(many); i += 3) {
		many[i + 1] = 1;
		many[i + 2] = i == 1 ? 0x67 : 0x61;
	}
	assert_int_equal(assemble(VIDEO_H264, frame, 2).verdict, FRAME_READY);
	assert_int_equal(assemble(VIDEO_H264, frame, 3).verdict,
	    FRAME_NEED_KEY);
	frame[0].len += 3;
	assert_int_equal(assemble(VIDEO_H264, frame, 2).verdict, FRAME_MORE);
}

static void
survives_every_truncation_and_flip(void **state)
{
	(void)state;
	spoil(&payload_h264_format, &stap);
	spoil(&payload_h264_format, &idr);
	spoil(&payload_h264_format, &first_part);
	spoil(&payload_h264_format, &last_part);
}

/* ---- cutting --------------------------------------------------------------- */

/* A key frame: parameters, SEI, and slices of these lengths. */
static size_t
make_frame(uint8_t *out, const size_t *slices, unsigned count)
{
	static const uint8_t head[] = { 0, 0, 0, 1, 0x09, 0x10, 0, 0, 0, 1,
	    0x67, 0x42, 0xe0, 0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x06, 5, 9 };
	size_t               at = sizeof(head);

	memcpy(out, head, at);
	for (unsigned i = 0; i < count; i++) {
		memcpy(out + at, "\0\0\1\x65", 4);
		for (size_t k = 1; k < slices[i]; k++)
			out[at + 3 + k] = (uint8_t)(0x80 | (k * 7 + i));
		at += 3 + slices[i];
	}
	return at;
}

/* Cuts, checks lengths, and puts together again. */
static struct assembled
round_trip(const uint8_t *frame, size_t len, bool single, unsigned *count)
{
	static uint8_t payloads[64][1300];
	struct bytes   all[64];
	struct payload_h264_cutter c;
	bool           last = false;

	*count = 0;
	payload_h264_cut(&c, frame, len, MAX, single);
	while (!last) {
		const size_t n = payload_h264_next(&c, payloads[*count],
		    sizeof(payloads[0]), &last);

		assert_in_range(n, 1, single ? sizeof(payloads[0]) : MAX);
		all[*count] = (struct bytes) { payloads[*count], n };
		assert_true(++*count < 64);
	}
	assert_int_equal(payload_h264_next(&c, payloads[63],
	    sizeof(payloads[0]), &last), 0);
	return assemble(VIDEO_H264, all, *count);
}

/* What a cut frame comes back as: delimiter and SEI are left out. */
static void
check_trip(const struct assembled *got, const uint8_t *frame, size_t len)
{
	struct reader      sent = reader_of(frame, len);
	struct reader      came = reader_of(got->data, got->len);
	struct annex_b_nal a, b;

	assert_int_equal(got->verdict, FRAME_READY);
	assert_true(got->key);
	while (annex_b_next(&a, &sent)) {
		if (annex_b_type(&a) == H264_SEI ||
		    annex_b_type(&a) == H264_DELIMITER)
			continue;
		assert_true(annex_b_next(&b, &came));
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
	}
	assert_false(annex_b_next(&b, &came));
}

static void
mode_1_gathers_small_units_and_parts_large_ones(void **state)
{
	static const struct { size_t slices[3]; unsigned count, packets; } all[] = {
		{ { 20 }, 1, 1 },		/* all in one aggregate */
		{ { MAX }, 1, 2 },		/* fits alone */
		{ { MAX + 1 }, 1, 3 },
		{ { 2 * (MAX - 2) + 1 }, 1, 3 },
		{ { 2 * (MAX - 2) + 2 }, 1, 4 },
		{ { 2, 3000, 5 }, 3, 5 },
		{ { 500, 500, 500 }, 3, 2 },
	};
	static uint8_t   frame[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const size_t     len = make_frame(frame, all[i].slices,
		    all[i].count);
		unsigned         count;
		struct assembled got = round_trip(frame, len, false, &count);

		check_trip(&got, frame, len);
		if (count != all[i].packets)
			fail_msg("case %zu: %u packets", i, count);
	}
}

static void
mode_0_sends_each_unit_alone(void **state)
{
	static uint8_t   frame[8192];
	const size_t     slices[] = { 900, 1100, 3 };
	const size_t     len = make_frame(frame, slices, 3);
	unsigned         count;
	struct assembled got;

	(void)state;
	got = round_trip(frame, len, true, &count);
	check_trip(&got, frame, len);
	assert_int_equal(count, 5);
}

static void
cuts_any_length_into_parts_that_differ_little(void **state)
{
	static uint8_t frame[4200];

	(void)state;
	for (size_t slice = 2; slice < 3900; slice += 7) {
		const size_t     len = make_frame(frame, &slice, 1);
		unsigned         count;
		struct assembled got = round_trip(frame, len, false, &count);

		check_trip(&got, frame, len);
	}
}

static void
cuts_nothing_of_nothing_and_none_without_room(void **state)
{
	static const uint8_t delimiter[] = { 0, 0, 1, 9, 0x10 };
	static const uint8_t slice[] = { 0, 0, 1, 0x65, 1, 2, 3, 4 };
	struct payload_h264_cutter c;
	uint8_t out[16];
	bool    last = false;

	(void)state;
	payload_h264_cut(&c, NULL, 0, MAX, false);
	assert_int_equal(payload_h264_next(&c, out, 16, &last), 0);
	payload_h264_cut(&c, delimiter, sizeof(delimiter), MAX, false);
	assert_int_equal(payload_h264_next(&c, out, 16, &last), 0);
	payload_h264_cut(&c, slice, sizeof(slice), 2, false);
	assert_int_equal(payload_h264_next(&c, out, 16, &last), 0);
	payload_h264_cut(&c, slice, sizeof(slice), MAX, true);
	assert_int_equal(payload_h264_next(&c, out, 4, &last), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_aggregates_and_single_units_together),
		cmocka_unit_test(puts_fragments_together),
		cmocka_unit_test(nothing_goes_out_before_parameters_came),
		cmocka_unit_test(a_later_key_frame_needs_no_parameters),
		cmocka_unit_test(
		    a_fragment_without_its_beginning_or_end_is_no_frame),
		cmocka_unit_test(refuses_what_is_no_payload),
		cmocka_unit_test(holds_no_more_than_255_units),
		cmocka_unit_test(survives_every_truncation_and_flip),
		cmocka_unit_test(
		    mode_1_gathers_small_units_and_parts_large_ones),
		cmocka_unit_test(mode_0_sends_each_unit_alone),
		cmocka_unit_test(
		    cuts_any_length_into_parts_that_differ_little),
		cmocka_unit_test(
		    cuts_nothing_of_nothing_and_none_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
