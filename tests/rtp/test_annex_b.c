/*
 * NAL units in a byte stream (ITU-T H.264, annex B).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exact.h"
#include "rtp/annex_b.h"

static void
finds_units_behind_codes_of_three_and_four_bytes(void **state)
{
	static const uint8_t stream[] = { 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68,
	    2, 3, 0, 0, 0, 1, 0x65, 0, 0, 3, 1 };
	struct reader        r = reader_of(stream, sizeof(stream));
	struct annex_b_nal   nal;

	(void)state;
	assert_true(annex_b_next(&nal, &r));
	assert_int_equal(annex_b_type(&nal), H264_SPS);
	assert_int_equal(nal.len, 2);
	assert_true(annex_b_next(&nal, &r));
	assert_int_equal(annex_b_type(&nal), H264_PPS);
	assert_int_equal(nal.len, 3);	/* without the zero of a long code */
	assert_true(annex_b_next(&nal, &r));
	assert_int_equal(annex_b_type(&nal), H264_IDR_SLICE);
	assert_int_equal(nal.len, 5);
	assert_false(annex_b_next(&nal, &r));
}

static void
there_are_no_units_without_a_code_or_between_codes(void **state)
{
	static const uint8_t none[] = { 0x65, 1, 2, 3, 0, 0 };
	static const uint8_t empty[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1 };
	struct reader        r = reader_of(none, sizeof(none));
	struct annex_b_nal   nal;

	(void)state;
	assert_false(annex_b_next(&nal, &r));
	r = reader_of(empty, sizeof(empty));
	assert_false(annex_b_next(&nal, &r));
	r = reader_of(NULL, 0);
	assert_false(annex_b_next(&nal, &r));
}

/* Against the plainest search there is, over all streams of five symbols. */
static void
agrees_with_a_plain_search(void **state)
{
	static const uint8_t symbols[] = { 0, 1, 2 };

	(void)state;
	for (unsigned n = 0; n < 59049; n++) {		/* 3^10 */
		uint8_t            stream[10];
		uint8_t           *exact;
		struct reader      r;
		struct annex_b_nal nal;
		unsigned           at = 0, rest = n;

		for (unsigned i = 0; i < 10; i++, rest /= 3)
			stream[i] = symbols[rest % 3];
		exact = exact_copy(stream, 10);
		r = reader_of(exact, 10);
		for (;;) {
			unsigned start, end;

			while (at + 3 <= 10 && (exact[at] || exact[at + 1] ||
			    exact[at + 2] != 1))
				at++;
			if (at + 3 > 10)
				break;
			start = at + 3;
			for (at = start; at + 3 <= 10 && (exact[at] ||
			    exact[at + 1] || exact[at + 2] != 1); at++)
				;
			if (at + 3 > 10)
				at = 10;
			end = at;
			while (end > start && exact[end - 1] == 0)
				end--;
			if (end == start)
				continue;
			assert_true(annex_b_next(&nal, &r));
			assert_ptr_equal(nal.data, exact + start);
			assert_int_equal(nal.len, end - start);
		}
		assert_false(annex_b_next(&nal, &r));
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    finds_units_behind_codes_of_three_and_four_bytes),
		cmocka_unit_test(
		    there_are_no_units_without_a_code_or_between_codes),
		cmocka_unit_test(agrees_with_a_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
