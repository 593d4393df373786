/*
 * Transport-wide feedback of a peer, as draft-holmer-01 3.1 has it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "exact.h"
#include "rtp/rtcp_packet.h"
#include "rtp/twcc_feedback.h"
#include "rtp/twcc_report.h"

/*
 * Base 0xfffe, 10 statuses, reference 2 · 64 ms. A two-bit vector of small,
 * none, large, none, small, small, small; then a run of three none.
 */
static const uint8_t vector[] = {
	0xff, 0xfe, 0x00, 0x0a, 0x00, 0x00, 0x02, 0x07,
	0xd2, 0x15, 0x00, 0x03,
	0x04, 0xff, 0xfc, 0x08, 0x00, 0x01,
};

static void
reads_chunks_and_deltas(void **state)
{
	static const struct twcc_status expected[] = {
		{ 0xfffe, true, 128000 + 1000 }, { 0xffff, false, 129000 },
		{ 0, true, 128000 }, { 1, false, 128000 },
		{ 2, true, 130000 }, { 3, true, 130000 },
		{ 4, true, 130250 },
	};
	struct twcc_report report;
	struct twcc_status s;

	(void)state;
	assert_int_equal(twcc_report_begin(&report, vector, sizeof(vector)),
	    0);
	for (unsigned i = 0; i < 7; i++) {
		assert_true(twcc_report_next(&report, &s));
		assert_int_equal(s.sequence, expected[i].sequence);
		assert_int_equal(s.received, expected[i].received);
		assert_int_equal(s.arrival_us, expected[i].arrival_us);
	}
	for (unsigned i = 7; i < 10; i++) {
		assert_true(twcc_report_next(&report, &s));
		assert_false(s.received);
		assert_int_equal(s.sequence, (i + 0xfffe) & 0xffff);
	}
	assert_false(twcc_report_next(&report, &s));
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(vector); len++) {
		uint8_t           *exact = exact_copy(vector, len);
		struct twcc_report report;

		assert_int_not_equal(twcc_report_begin(&report, exact, len),
		    0);
		free(exact);
	}
}

static void
survives_bit_flips(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(vector); bit++) {
		uint8_t           *exact = exact_copy(vector, sizeof(vector));
		struct twcc_report report;
		struct twcc_status s;
		unsigned           count = 0;

		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (twcc_report_begin(&report, exact, sizeof(vector)) == 0)
			while (twcc_report_next(&report, &s))
				count++;
		assert_in_range(count, 0, TWCC_REPORT_STATUSES_MAX);
		free(exact);
	}
}

static void
refuses_reserved_symbols_empty_runs_and_too_many(void **state)
{
	uint8_t            body[] = { 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 1, 0, 0 };
	struct twcc_report report;

	(void)state;
	assert_int_not_equal(twcc_report_begin(&report, body, sizeof(body)),
	    0);
	body[8] = 0;
	body[9] = 0;
	assert_int_not_equal(twcc_report_begin(&report, body, sizeof(body)),
	    0);
	body[9] = 1;
	assert_int_equal(twcc_report_begin(&report, body, sizeof(body)), 0);
	body[2] = 0x08;		/* 2049 */
	body[8] = 0x1f;
	assert_int_not_equal(twcc_report_begin(&report, body, sizeof(body)),
	    0);
}

/* What our own writer says of 20000 packets with loss is read back. */
static void
reads_what_we_write(void **state)
{
	struct chance        chance = { 11 };
	struct twcc_feedback writer;
	struct rtcp_compound c;
	struct twcc_report   report;
	struct twcc_status   s;
	uint8_t              out[1200];
	int64_t              arrivals[20000], at_us = 64000;
	unsigned             told = 0;

	(void)state;
	twcc_feedback_init(&writer);
	for (unsigned i = 0; i < 20000; i++) {
		at_us += chance_below(&chance, 20000);
		arrivals[i] = chance_below(&chance, 4) == 0 ? 0 : at_us;
		if (arrivals[i] > 0)
			twcc_feedback_received(&writer, (uint16_t)i, at_us);
		if (i % 50 != 49)
			continue;
		while (twcc_feedback_pending(&writer)) {
			const size_t len = twcc_feedback_write(&writer, out,
			    sizeof(out), 1, 2);

			assert_int_equal(rtcp_parse(&c, out, len), 0);
			assert_int_equal(twcc_report_begin(&report,
			    c.parts[0].body, c.parts[0].body_len), 0);
			while (twcc_report_next(&report, &s)) {
				const int64_t was = arrivals[s.sequence];

				assert_int_equal(s.received, was > 0);
				if (was > 0)
					assert_in_range(s.arrival_us,
					    was - 250, was);
				told += s.received;
			}
		}
	}
	assert_in_range(told, 14000, 16000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_chunks_and_deltas),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(survives_bit_flips),
		cmocka_unit_test(refuses_reserved_symbols_empty_runs_and_too_many),
		cmocka_unit_test(reads_what_we_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
