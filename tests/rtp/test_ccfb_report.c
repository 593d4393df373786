/*
 * Congestion control feedback of RFC 8888, 3.1.
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
#include "rtp/ccfb_report.h"

/* Two streams; 3 and 2 packets; made at 2.5 s. */
static const uint8_t vector[] = {
	0, 0, 0, 1, 0xff, 0xff, 0, 3,
	0x84, 0x00, 0x00, 0x00, 0x9f, 0xff, 0, 0,
	0, 0, 0, 2, 0x00, 0x10, 0, 2,
	0x80, 0x00, 0xbf, 0xfe,
	0, 2, 0x80, 0,
};

static void
reads_streams_and_offsets(void **state)
{
	static const struct ccfb_status expected[] = {
		{ 1, 0xffff, true, true, 1500000 },
		{ 1, 0, false, false, 0 },
		{ 1, 1, true, false, 0 },
		{ 2, 16, true, true, 2500000 },
		{ 2, 17, true, false, 0 },
	};
	struct ccfb_report report;
	struct ccfb_status s;

	(void)state;
	assert_int_equal(ccfb_report_begin(&report, vector, sizeof(vector)),
	    0);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(ccfb_report_next(&report, &s));
		assert_int_equal(s.ssrc, expected[i].ssrc);
		assert_int_equal(s.sequence, expected[i].sequence);
		assert_int_equal(s.received, expected[i].received);
		assert_int_equal(s.timed, expected[i].timed);
		if (s.timed)
			assert_int_equal(s.arrival_us,
			    expected[i].arrival_us);
	}
	assert_false(ccfb_report_next(&report, &s));
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(vector); len++) {
		uint8_t           *exact = exact_copy(vector, len);
		struct ccfb_report report;
		struct ccfb_status s;

		if (ccfb_report_begin(&report, exact, len) == 0)
			while (ccfb_report_next(&report, &s))
				assert_in_range(s.ssrc, 1, 2);
		free(exact);
	}
}

static void
survives_bit_flips(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(vector); bit++) {
		uint8_t           *exact = exact_copy(vector, sizeof(vector));
		struct ccfb_report report;
		struct ccfb_status s;
		unsigned           count = 0;

		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (ccfb_report_begin(&report, exact, sizeof(vector)) == 0)
			while (ccfb_report_next(&report, &s))
				count++;
		assert_in_range(count, 0, sizeof(vector) / 2);
		free(exact);
	}
}

static void
a_report_of_nothing_is_one(void **state)
{
	static const uint8_t empty[] = { 0, 1, 0, 0 };
	struct ccfb_report   report;
	struct ccfb_status   s;

	(void)state;
	assert_int_equal(ccfb_report_begin(&report, empty, sizeof(empty)), 0);
	assert_false(ccfb_report_next(&report, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_streams_and_offsets),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(survives_bit_flips),
		cmocka_unit_test(a_report_of_nothing_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
