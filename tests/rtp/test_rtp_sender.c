/*
 * What a sender reports of itself (RFC 3550, 6.4.1).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/rtp_sender.h"

static const struct rtcp_report report = { .ssrc = 99, .fraction_lost = 7 };

static void
the_clock_goes_on_between_packets(void **state)
{
	struct rtp_sender       s = { .ssrc = 1, .clock_rate = 48000 };
	struct rtcp_sender_info info;

	(void)state;
	rtp_sender_sent(&s, 100, 0xfffffff0, 5000000);
	rtp_sender_sent(&s, 50, 0xfffffff0, 5000000);
	info = rtp_sender_info(&s, 5010000, 77);
	assert_true(info.ntp == 77);
	assert_int_equal(info.packets, 2);
	assert_int_equal(info.bytes, 150);
	assert_int_equal(info.rtp, 480 - 16);	/* it wrapped */
}

static void
reports_go_with_the_first_who_speaks(void **state)
{
	struct rtp_sender silent = { .ssrc = 1, .clock_rate = 48000 };
	struct rtp_sender a = { .ssrc = 2, .clock_rate = 48000 };
	struct rtp_sender b = { .ssrc = 3, .clock_rate = 90000 };
	const struct rtp_sender *const all[] = { &silent, &a, &b };
	struct rtcp_compound     compound;
	uint8_t                  out[400];
	size_t                   len;

	(void)state;
	rtp_sender_sent(&a, 10, 1, 1000);
	rtp_sender_sent(&b, 10, 1, 1000);
	len = rtp_sender_write_reports(out, sizeof(out), all, 3, 1, &report,
	    1, "room", 2000, 5);
	assert_int_equal(rtcp_parse(&compound, out, len), 0);
	assert_int_equal(compound.count, 4);
	assert_int_equal(compound.parts[0].type, RTCP_SENDER_REPORT);
	assert_int_equal(compound.parts[0].sender_ssrc, 2);
	assert_int_equal(compound.parts[0].report_count, 1);
	assert_int_equal(compound.parts[1].sender_ssrc, 3);
	assert_int_equal(compound.parts[1].report_count, 0);
	assert_int_equal(compound.parts[2].type, RTCP_SDES);
	assert_int_equal(compound.parts[3].type, RTCP_SDES);
}

static void
who_never_sent_reports_all_the_same(void **state)
{
	const struct rtp_sender        silent = { .ssrc = 1 };
	const struct rtp_sender *const all[] = { &silent };
	struct rtcp_compound           compound;
	uint8_t                        out[400];
	size_t                         len;

	(void)state;
	len = rtp_sender_write_reports(out, sizeof(out), all, 1, 42, &report,
	    1, "room", 2000, 5);
	assert_int_equal(rtcp_parse(&compound, out, len), 0);
	assert_int_equal(compound.count, 2);
	assert_int_equal(compound.parts[0].type, RTCP_RECEIVER_REPORT);
	assert_int_equal(compound.parts[0].sender_ssrc, 42);
	assert_int_equal(rtcp_part_report(&compound.parts[0], 0).ssrc, 99);
}

static void
nothing_is_written_past_the_end(void **state)
{
	struct rtp_sender        a = { .ssrc = 2, .clock_rate = 48000 };
	const struct rtp_sender *const all[] = { &a };
	uint8_t                  out[400];
	size_t                   whole;

	(void)state;
	rtp_sender_sent(&a, 10, 1, 1000);
	whole = rtp_sender_write_reports(out, sizeof(out), all, 1, 2, &report,
	    1, "room", 2000, 5);
	assert_true(whole > 0);
	for (size_t size = 0; size < whole; size++) {
		out[size] = 0xee;
		assert_int_equal(rtp_sender_write_reports(out, size, all, 1,
		    2, &report, 1, "room", 2000, 5), 0);
		assert_int_equal(out[size], 0xee);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_goes_on_between_packets),
		cmocka_unit_test(reports_go_with_the_first_who_speaks),
		cmocka_unit_test(who_never_sent_reports_all_the_same),
		cmocka_unit_test(nothing_is_written_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
