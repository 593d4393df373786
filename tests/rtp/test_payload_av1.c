/*
 * AV1 payloads (AOM, RTP payload format 1.0): put together, and refused.
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
#include "rtp/payload_av1.h"

/*
 * 0x08 a sequence header, 0x10 a delimiter, 0x30 a frame, 0x18 its header;
 * a frame whose first byte is 0x10 is a key frame, 0x30 is none.
 */
static const struct bytes key_by_lengths = BYTES(0x08, 2, 0x08, 1, 3, 0x30,
    0x10, 7);
static const struct bytes key_by_count = BYTES(0x28, 2, 0x08, 1, 0x30, 0x10,
    7);
static const uint8_t key_whole[] = { 0x0a, 0x81, 0x80, 0x80, 0, 1, 0x32,
    0x82, 0x80, 0x80, 0, 0x10, 7 };
static const struct bytes delta = BYTES(0x10, 0x30, 0x30, 9);

static void
puts_elements_together_with_a_length_each(void **state)
{
	struct assembled got;

	(void)state;
	got = assemble(VIDEO_AV1, &key_by_lengths, 1);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(key_whole));
	assert_memory_equal(got.data, key_whole, sizeof(key_whole));
	got = assemble(VIDEO_AV1, &key_by_count, 1);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_int_equal(got.len, sizeof(key_whole));
	assert_memory_equal(got.data, key_whole, sizeof(key_whole));
}

static void
puts_fragments_together(void **state)
{
	const struct bytes parts[] = {
		BYTES(0x68, 2, 0x08, 1, 0x30, 0x10, 7),	/* Y, W 2, N */
		BYTES(0xd0, 8, 9),			/* Z, Y, W 1 */
		BYTES(0x90, 10),			/* Z, W 1 */
	};
	static const uint8_t whole[] = { 0x0a, 0x81, 0x80, 0x80, 0, 1, 0x32,
	    0x85, 0x80, 0x80, 0, 0x10, 7, 8, 9, 10 };
	struct assembled     got;

	(void)state;
	got = assemble(VIDEO_AV1, parts, 3);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_true(got.key);
	assert_int_equal(got.len, sizeof(whole));
	assert_memory_equal(got.data, whole, sizeof(whole));
}

static void
a_delta_follows_a_key_frame(void **state)
{
	struct frame_assembler *a;
	struct assembled        got;

	(void)state;
	assert_int_equal(frame_assembler_new(&a), 0);
	assert_int_equal(assemble_next(a, VIDEO_AV1, &delta, 1, 0,
	    0).verdict, FRAME_NEED_KEY);
	assert_true(assemble_next(a, VIDEO_AV1, &key_by_count, 1, 1,
	    3000).key);
	got = assemble_next(a, VIDEO_AV1, &delta, 1, 2, 6000);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_false(got.key);
	frame_assembler_free(a);
}

/* Delimiters, padding, tile lists and elements of no length are left out. */
static void
drops_what_no_decoder_needs(void **state)
{
	const struct bytes parts[] = {
		BYTES(0x48, 1, 0x10, 0, 2, 0x08, 1, 2, 0x78, 5),
		/* goes on with the padding, then the frame */
		BYTES(0x80, 1, 6, 2, 0x40, 5, 3, 0x30, 0x10, 7),
	};
	struct assembled     got;

	(void)state;
	got = assemble(VIDEO_AV1, parts, 2);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_int_equal(got.len, sizeof(key_whole));
	assert_memory_equal(got.data, key_whole, sizeof(key_whole));
}

/* An OBU may bring its own size, and an extension. */
static void
takes_a_size_within_and_an_extension(void **state)
{
	const struct bytes one = BYTES(0x28, 5, 0x0a, 1, 1, 99, 99,
	    0x36, 0x20, 2, 0x10, 7);
	const struct bytes too_long = BYTES(0x28, 3, 0x0a, 2, 1, 0x30,
	    0x10, 7);
	static const uint8_t whole[] = { 0x0a, 0x81, 0x80, 0x80, 0, 1, 0x36,
	    0x20, 0x82, 0x80, 0x80, 0, 0x10, 7 };
	struct assembled     got;

	(void)state;
	got = assemble(VIDEO_AV1, &one, 1);
	assert_int_equal(got.verdict, FRAME_READY);
	assert_int_equal(got.len, sizeof(whole));
	assert_memory_equal(got.data, whole, sizeof(whole));
	assert_int_equal(assemble(VIDEO_AV1, &too_long, 1).verdict,
	    FRAME_NEED_KEY);
}

static void
fragments_must_fit(void **state)
{
	const struct bytes open_end[] = {
		BYTES(0x68, 2, 0x08, 1, 0x30, 0x10, 7) };
	const struct bytes no_end[] = {
		BYTES(0x68, 2, 0x08, 1, 0x30, 0x10, 7),
		BYTES(0x10, 0x30, 9) };
	const struct bytes no_start[] = {
		BYTES(0x28, 2, 0x08, 1, 0x30, 0x10, 7),
		BYTES(0x90, 9) };

	(void)state;
	assert_int_equal(assemble(VIDEO_AV1, open_end, 1).verdict,
	    FRAME_NEED_KEY);
	assert_int_equal(assemble(VIDEO_AV1, no_end, 2).verdict,
	    FRAME_NEED_KEY);
	assert_int_equal(assemble(VIDEO_AV1, no_start, 2).verdict,
	    FRAME_NEED_KEY);
}

static void
refuses_what_is_no_payload(void **state)
{
	const struct bytes bad[] = {
		BYTES(0x00),			/* no element */
		BYTES(0x10),			/* one of none */
		BYTES(0x00, 2, 0x08),		/* longer than the rest */
		BYTES(0x20, 2, 0x08, 1),	/* one of two */
		BYTES(0x00, 0x80, 0x80, 0x80, 0x80, 0),	/* five bytes */
		BYTES(0x00, 0x80),		/* half of a length */
		BYTES(0x10, 0x88, 1),		/* the forbidden bit */
		BYTES(0x10, 0x0c),		/* no extension byte */
		BYTES(0x10, 0x0a),		/* no size */
		BYTES(0x10, 0x0a, 0x80, 0x80, 0x80, 0x80, 0),
	};
	struct payload_sight sight;

	(void)state;
	assert_int_equal(payload_av1_format.look(&sight, NULL, 0), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (look_at(&payload_av1_format, &sight, &bad[i]) != -EBADMSG)
			fail_msg("payload %zu is not refused", i);
	}
}

static void
holds_no_more_than_255_units(void **state)
{
	static uint8_t many[8 + 2 * 255];
	struct bytes   frame = { many, 8 + 2 * 253 };

	(void)state;
	memcpy(many, key_by_lengths.p, 8);
	for (size_t i = 8; i < sizeof(many); i += 2) {
		many[i] = 1;
		many[i + 1] = 0x28;		/* metadata */
	}
	assert_int_equal(assemble(VIDEO_AV1, &frame, 1).verdict, FRAME_READY);
	frame.len += 2;
	assert_int_equal(assemble(VIDEO_AV1, &frame, 1).verdict, FRAME_MORE);
}

static void
survives_every_truncation_and_flip(void **state)
{
	const struct bytes sized = BYTES(0x68, 5, 0x0a, 1, 1, 99, 99,
	    0x36, 0x20, 2, 0x10, 7);

	(void)state;
	spoil(&payload_av1_format, &key_by_lengths);
	spoil(&payload_av1_format, &key_by_count);
	spoil(&payload_av1_format, &sized);
	spoil(&payload_av1_format, &delta);
}

/* ---- what we send -------------------------------------------------------- */

/* A delimiter, a sequence header, a frame with an extension; as encoders do. */
static const uint8_t coded[] = { 0x12, 0, 0x0a, 1, 1, 0x36, 0x20, 2, 0x10, 7 };

static void
sends_elements_with_their_lengths_and_obus_without(void **state)
{
	static const uint8_t      whole[] = { 0x08, 2, 0x08, 1, 4, 0x34,
		0x20, 0x10, 7 };
	struct payload_av1_cutter c;
	uint8_t                   out[32];
	bool                      last = false;

	(void)state;
	payload_av1_cut(&c, coded, sizeof(coded), 32, true);
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last),
	    sizeof(whole));
	assert_true(last);
	assert_memory_equal(out, whole, sizeof(whole));
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last), 0);
	/* Only what begins anew says so. */
	payload_av1_cut(&c, coded, sizeof(coded), 32, false);
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last),
	    sizeof(whole));
	assert_int_equal(out[0], 0);
}

/* Every size of frame and payload comes out as it went in. */
static void
parts_of_every_size_come_together_again(void **state)
{
	static uint8_t frame[700], parts[100][300];

	(void)state;
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7);
	for (size_t len = 1; len <= 600; len += 13) {
		/* A sequence header, then a frame of that length. */
		const uint8_t head[] = { 0x0a, 1, 1, 0x32,
			(uint8_t)(0x80 | (len & 0x7f)), (uint8_t)(len >> 7) };

		memcpy(frame, head, sizeof(head));
		frame[6] = 0x10;
		for (size_t most = 16; most <= 300; most += 17) {
			struct payload_av1_cutter c;
			struct bytes              payloads[100];
			struct assembled          got;
			unsigned                  count = 0;
			bool                      last = false;

			payload_av1_cut(&c, frame, sizeof(head) + len, most,
			    true);
			while (!last) {
				assert_true(count < 100);
				payloads[count].p = parts[count];
				payloads[count].len = payload_av1_next(&c,
				    parts[count], sizeof(parts[count]),
				    &last);
				assert_in_range(payloads[count].len, 2, most);
				count++;
			}
			got = assemble(VIDEO_AV1, payloads, count);
			assert_int_equal(got.verdict, FRAME_READY);
			assert_true(got.key);
			/* Lengths leave as four bytes. */
			assert_int_equal(got.len, 6 + 5 + len);
			assert_memory_equal(got.data + 11, frame +
			    sizeof(head), len);
		}
	}
}

static void
what_is_malformed_ends_the_frame(void **state)
{
	static const uint8_t      cut_off[] = { 0x0a, 1, 1, 0x32, 9, 0x10 };
	static const uint8_t      delimiter[] = { 0x12, 0 };
	struct payload_av1_cutter c;
	uint8_t                   out[32];
	bool                      last = false;

	(void)state;
	payload_av1_cut(&c, cut_off, sizeof(cut_off), 32, true);
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last), 4);
	assert_true(last);
	payload_av1_cut(&c, delimiter, sizeof(delimiter), 32, true);
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last), 0);
	payload_av1_cut(&c, coded, sizeof(coded), 8, true);
	assert_int_equal(payload_av1_next(&c, out, sizeof(out), &last), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_elements_together_with_a_length_each),
		cmocka_unit_test(puts_fragments_together),
		cmocka_unit_test(a_delta_follows_a_key_frame),
		cmocka_unit_test(drops_what_no_decoder_needs),
		cmocka_unit_test(takes_a_size_within_and_an_extension),
		cmocka_unit_test(fragments_must_fit),
		cmocka_unit_test(refuses_what_is_no_payload),
		cmocka_unit_test(holds_no_more_than_255_units),
		cmocka_unit_test(survives_every_truncation_and_flip),
		cmocka_unit_test(
		    sends_elements_with_their_lengths_and_obus_without),
		cmocka_unit_test(parts_of_every_size_come_together_again),
		cmocka_unit_test(what_is_malformed_ends_the_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
