/*
 * The VP8 payload descriptor (RFC 7741, 4.2) read, written, patched.
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

#include "exact.h"
#include "rtp/payload_vp8.h"

/* RFC 7741, 4.6: the examples, each with one byte of data. */
static const uint8_t key_start[] = { 0x90, 0x80, 0x11, 0x10 };
static const uint8_t long_id[] = { 0x80, 0x80, 0x92, 0x34, 0x01 };
static const uint8_t all_fields[] = { 0xb0, 0xf0, 0xff, 0xff, 7, 0xa5, 0x01 };

static void
reads_the_examples_of_the_rfc(void **state)
{
	struct payload_vp8 v;

	(void)state;
	assert_int_equal(payload_vp8_parse(&v, key_start, 4), 0);
	assert_true(v.start);
	assert_true(v.has_picture_id);
	assert_int_equal(v.picture_id, 17);
	assert_false(v.has_tl0);
	assert_int_equal(v.data_len, 1);
	assert_true(payload_vp8_is_key(v.data, v.data_len));
	assert_int_equal(payload_vp8_parse(&v, long_id, 5), 0);
	assert_false(v.start);
	assert_int_equal(v.picture_id, 0x1234);
	assert_false(payload_vp8_is_key(v.data, v.data_len));
	assert_int_equal(payload_vp8_parse(&v, all_fields, 7), 0);
	assert_true(v.start);
	assert_true(v.non_reference);
	assert_int_equal(v.picture_id, 0x7fff);
	assert_true(v.has_tl0);
	assert_int_equal(v.tl0_index, 7);
	assert_int_equal(v.temporal_id, 2);
	assert_ptr_equal(v.data, all_fields + 6);
}

static void
reads_a_descriptor_without_extensions(void **state)
{
	static const uint8_t start[] = { 0x10, 0xaa };
	static const uint8_t later_partition[] = { 0x11, 0xaa };
	struct payload_vp8   v;

	(void)state;
	assert_int_equal(payload_vp8_parse(&v, start, 2), 0);
	assert_true(v.start);
	assert_false(v.has_picture_id);
	assert_int_equal(payload_vp8_parse(&v, later_partition, 2), 0);
	assert_false(v.start);
	assert_false(payload_vp8_is_key(NULL, 0));
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(all_fields); len++) {
		struct payload_vp8 v;
		uint8_t           *exact = exact_copy(all_fields, len);

		assert_int_equal(payload_vp8_parse(&v, exact, len), -EBADMSG);
		free(exact);
	}
}

static void
any_descriptor_stays_in_bounds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		for (size_t len = 2; len <= 7; len++) {
			const uint8_t bytes[7] = { (uint8_t)(i >> 8),
			    (uint8_t)i, 0xff, 1, 2, 3, 4 };
			struct payload_vp8 v;

			if (payload_vp8_parse(&v, bytes, len) == 0)
				assert_true(v.data + v.data_len ==
				    bytes + len);
		}
	}
}

static void
writes_a_descriptor_of_one_fixed_form(void **state)
{
	static const uint8_t first[] = { 0x90, 0xe0, 0x92, 0x34, 0x56, 0x20,
	    0x10, 2 };
	static const uint8_t last_part[] = { 0x80, 0xe0, 0x92, 0x34, 0x56,
	    0x20, 3 };
	static const uint8_t frame[] = { 0x10, 2, 3 };
	struct payload_vp8_cutter c;
	uint8_t out[64];
	bool    last = true;

	(void)state;
	payload_vp8_cut(&c, frame, 3, PAYLOAD_VP8_DESCRIPTOR + 2, 0x1234,
	    0x56);
	assert_int_equal(payload_vp8_next(&c, out, sizeof(out), &last), 8);
	assert_memory_equal(out, first, 8);
	assert_false(last);
	assert_int_equal(payload_vp8_next(&c, out, 6, &last), 0);
	assert_int_equal(payload_vp8_next(&c, out, sizeof(out), &last), 7);
	assert_memory_equal(out, last_part, 7);
	assert_true(last);
	assert_int_equal(payload_vp8_next(&c, out, sizeof(out), &last), 0);
}

static void
what_may_be_dropped_is_of_the_upper_layer(void **state)
{
	static const uint8_t whole[] = { 0xb0, 0xe0, 0x80, 5, 6, 0x60, 0x11,
	    2 };
	static const uint8_t frame[] = { 0x11, 2 };
	struct payload_vp8_cutter c;
	struct payload_vp8        v;
	uint8_t out[16];
	bool    last = false;

	(void)state;
	payload_vp8_cut(&c, frame, sizeof(frame), 1200, 5, 6);
	c.droppable = true;
	assert_int_equal(payload_vp8_next(&c, out, sizeof(out), &last),
	    sizeof(whole));
	assert_memory_equal(out, whole, sizeof(whole));
	assert_int_equal(payload_vp8_parse(&v, out, sizeof(whole)), 0);
	assert_true(v.non_reference);
	assert_int_equal(v.temporal_id, 1);
}

static void
cuts_any_length_into_equal_parts(void **state)
{
	static uint8_t frame[5000], back[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7 + 1);
	for (size_t len = 1; len <= sizeof(frame); len += 13) {
		struct payload_vp8_cutter c;
		struct payload_vp8        v;
		uint8_t out[1200];
		size_t  n, parts = 0, at = 0, longest = 0, shortest = 5000;
		bool    last = false;

		payload_vp8_cut(&c, frame, len, 1200, 5, 6);
		while ((n = payload_vp8_next(&c, out, 1200, &last)) > 0) {
			assert_int_equal(payload_vp8_parse(&v, out, n), 0);
			assert_int_equal(v.start, at == 0);
			assert_int_equal(v.picture_id, 5);
			assert_int_equal(v.tl0_index, 6);
			assert_int_equal(v.temporal_id, 0);
			memcpy(back + at, v.data, v.data_len);
			at += v.data_len;
			parts++;
			longest = n > longest ? n : longest;
			shortest = n < shortest ? n : shortest;
		}
		assert_true(last);
		assert_int_equal(at, len);
		assert_memory_equal(back, frame, len);
		assert_int_equal(parts, (len + 1193) / 1194);
		assert_true(longest - shortest < parts);
	}
}

static void
cuts_nothing_of_nothing_and_none_without_room(void **state)
{
	const uint8_t frame[] = { 1, 2 };
	struct payload_vp8_cutter c;
	uint8_t out[16];
	bool    last = false;

	(void)state;
	payload_vp8_cut(&c, frame, 0, 1200, 1, 1);
	assert_int_equal(payload_vp8_next(&c, out, 16, &last), 0);
	payload_vp8_cut(&c, frame, 2, PAYLOAD_VP8_DESCRIPTOR, 1, 1);
	assert_int_equal(payload_vp8_next(&c, out, 16, &last), 0);
}

static void
patches_the_counters_and_nothing_else(void **state)
{
	const uint8_t frame[] = { 0x11, 2 };
	struct payload_vp8_cutter c;
	struct payload_vp8        v;
	uint8_t out[16], before[16];
	size_t  len;
	bool    last;

	(void)state;
	payload_vp8_cut(&c, frame, 2, 1200, 0x7fff, 255);
	len = payload_vp8_next(&c, out, sizeof(out), &last);
	memcpy(before, out, len);
	payload_vp8_patch(out, 0x8123, 9);
	assert_int_equal(payload_vp8_parse(&v, out, len), 0);
	assert_int_equal(v.picture_id, 0x0123);
	assert_int_equal(v.tl0_index, 9);
	payload_vp8_patch(out, 0x7fff, 255);
	assert_memory_equal(out, before, len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_examples_of_the_rfc),
		cmocka_unit_test(reads_a_descriptor_without_extensions),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(any_descriptor_stays_in_bounds),
		cmocka_unit_test(writes_a_descriptor_of_one_fixed_form),
		cmocka_unit_test(what_may_be_dropped_is_of_the_upper_layer),
		cmocka_unit_test(cuts_any_length_into_equal_parts),
		cmocka_unit_test(cuts_nothing_of_nothing_and_none_without_room),
		cmocka_unit_test(patches_the_counters_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
