/*
 * Loss, jitter and round trips as RFC 3550 counts them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/rtp_stats.h"

#define SSRC 7
#define FRAME_US 20000
#define FRAME 960			/* at 48 kHz */

static enum rtp_arrival
arrive(struct rtp_stats *s, unsigned i, int64_t late_us)
{
	return rtp_stats_received(s, (uint16_t)i, i * FRAME, 100,
	    1000000 + (int64_t)i * FRAME_US + late_us);
}

static void
a_clean_stream_reports_no_loss_and_no_jitter(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 48000);
	for (unsigned i = 65000; i < 67000; i++)
		assert_true(arrive(&s, i, 0));
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.ssrc, SSRC);
	assert_int_equal(r.fraction_lost, 0);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.jitter, 0);
	assert_int_equal(r.highest_sequence, 66999);
	assert_int_equal(r.last_sr, 0);
	assert_true(s.bytes == 200000);
}

static void
counts_loss_of_the_interval_and_of_all(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 48000);
	for (unsigned i = 0; i < 100; i++)
		if (i % 4 != 2)
			arrive(&s, i, 0);
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.lost, 25);
	assert_int_equal(r.fraction_lost, 64);
	for (unsigned i = 100; i < 200; i++)
		arrive(&s, i, 0);
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.lost, 25);
	assert_int_equal(r.fraction_lost, 0);
	arrive(&s, 300, 0);
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.lost, 125);
	assert_int_equal(r.fraction_lost, 256 * 100 / 101);
}

static void
refuses_duplicates_but_not_the_reordered(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 48000);
	assert_true(arrive(&s, 65530, 0));
	assert_true(arrive(&s, 65540, 0));
	assert_true(arrive(&s, 65535, 0));
	assert_true(arrive(&s, 65536, 0));
	assert_false(arrive(&s, 65536, 0));
	assert_false(arrive(&s, 65530, 0));
	assert_false(arrive(&s, 65540, 0));
	assert_true(arrive(&s, 65529, 0));	/* before the first */
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.highest_sequence, 65540);
	assert_int_equal(r.lost, 6);
}

static void
forgets_bits_of_sequences_that_were_jumped_over(void **state)
{
	struct rtp_stats s;

	(void)state;
	rtp_stats_init(&s, 48000);
	for (unsigned i = 0; i < 1024; i++)
		assert_true(arrive(&s, i, 0));
	assert_true(arrive(&s, 1100, 0));
	for (unsigned i = 1024; i < 1100; i++)
		assert_true(arrive(&s, i, 0));
	assert_false(arrive(&s, 1100, 0));
	assert_true(arrive(&s, 9000, 0));
	assert_true(arrive(&s, 8000, 0));
	assert_false(arrive(&s, 8000, 0));
}

static void
a_jump_ahead_is_loss(void **state)
{
	struct rtp_stats s;

	(void)state;
	rtp_stats_init(&s, 48000);
	assert_true(arrive(&s, 10, 0));
	assert_true(arrive(&s, 20010, 0));
	assert_int_equal(rtp_stats_report(&s, SSRC, 0).lost, 19999);
}

static void
a_sender_that_began_anew_is_believed_at_the_second(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 48000);
	assert_true(arrive(&s, 30000, 0));
	assert_true(arrive(&s, 30001, 0));
	assert_false(arrive(&s, 10, 0));
	assert_true(arrive(&s, 30002, 0));	/* the stray was a stray */
	assert_false(arrive(&s, 10, 0));
	assert_int_equal(arrive(&s, 11, 0), RTP_ANEW);
	assert_int_equal(arrive(&s, 12, 0), RTP_COUNTED);
	r = rtp_stats_report(&s, SSRC, 0);
	assert_int_equal(r.highest_sequence, 12);
	assert_int_equal(r.lost, 0);
}

static void
jitter_nears_the_mean_deviation(void **state)
{
	struct rtp_stats s;
	uint32_t         jitter;

	(void)state;
	rtp_stats_init(&s, 48000);
	for (unsigned i = 0; i < 1000; i++)	/* 0 and 5 ms in turn */
		arrive(&s, i, i % 2 * 5000);
	jitter = rtp_stats_report(&s, SSRC, 0).jitter;
	assert_in_range(jitter, 230, 240);	/* 5 ms are 240 */
}

static void
jitter_ignores_a_new_time_line_and_resends(void **state)
{
	struct rtp_stats s;

	(void)state;
	rtp_stats_init(&s, 48000);
	for (unsigned i = 0; i < 100; i++)
		if (i != 50)
			arrive(&s, i, 0);
	assert_true(arrive(&s, 50, 2000000));
	rtp_stats_received(&s, 100, 3000000000u, 1, 3000000);
	rtp_stats_received(&s, 101, 3000000960u, 1, 3020000);
	assert_int_equal(rtp_stats_report(&s, SSRC, 0).jitter, 0);
}

static void
the_report_names_the_sender_report(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 90000);
	arrive(&s, 1, 0);
	rtp_stats_sender_report(&s, 0x1122334455667788, 5000000);
	r = rtp_stats_report(&s, SSRC, 5500000);
	assert_int_equal(r.last_sr, 0x33445566);
	assert_int_equal(r.delay_since_last_sr, 32768);
	r = rtp_stats_report(&s, SSRC, INT64_C(5000000) * 1000000);
	assert_int_equal(r.delay_since_last_sr, UINT32_MAX);
}

static void
round_trip_is_the_rfc_example(void **state)
{
	/* RFC 3550, figure 2. */
	const struct rtcp_report r = { .last_sr = 0xb7052000,
	    .delay_since_last_sr = 0x00054000 };
	const struct rtcp_report none = { 0 };
	const struct rtcp_report liar = { .last_sr = 0xb7052000,
	    .delay_since_last_sr = 0x00088000 + 6 };
	const uint64_t now = UINT64_C(0x0000b70d80000000);

	(void)state;
	assert_true(rtp_stats_rtt_us(&r, now) == 3125000);
	assert_true(rtp_stats_rtt_us(&none, now) == -1);
	assert_true(rtp_stats_rtt_us(&liar, now) == 0);
}

static void
an_absurd_round_trip_is_none(void **state)
{
	const struct rtcp_report r = { .last_sr = 1 };

	(void)state;
	assert_true(rtp_stats_rtt_us(&r, UINT64_C(100) << 32) == -1);
}

static void
an_unstarted_stream_reports_nothing(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report r;

	(void)state;
	rtp_stats_init(&s, 48000);
	r = rtp_stats_report(&s, SSRC, 1);
	assert_int_equal(r.ssrc, SSRC);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.highest_sequence, 0);
}

/* A sender that turns up its FEC by what we report must hear the truth. */
static void
what_had_to_be_asked_for_stays_lost(void **state)
{
	struct rtp_stats   s;
	struct rtcp_report report;

	(void)state;
	rtp_stats_init(&s, 48000);
	assert_int_equal(rtp_stats_repaired(&s, 1, 100), RTP_REFUSED);
	for (uint16_t i = 0; i < 100; i++) {
		if (i % 4 != 3)
			rtp_stats_received(&s, i, i * 960u, 100, i * 20000);
	}
	assert_int_equal(rtp_stats_repaired(&s, 3, 100), RTP_COUNTED);
	assert_int_equal(rtp_stats_repaired(&s, 3, 100), RTP_REFUSED);
	assert_int_equal(rtp_stats_repaired(&s, 4, 100), RTP_REFUSED);
	assert_int_equal(rtp_stats_repaired(&s, 120, 100), RTP_REFUSED);
	assert_int_equal(rtp_stats_received(&s, 3, 0, 100, 0), RTP_REFUSED);
	report = rtp_stats_report(&s, 5, 2000000);
	assert_int_equal(report.lost, 24);
	assert_int_equal(report.fraction_lost, 24 * 256 / 99);
	assert_int_equal(s.bytes, 7600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_stream_reports_no_loss_and_no_jitter),
		cmocka_unit_test(counts_loss_of_the_interval_and_of_all),
		cmocka_unit_test(refuses_duplicates_but_not_the_reordered),
		cmocka_unit_test(
		    forgets_bits_of_sequences_that_were_jumped_over),
		cmocka_unit_test(a_jump_ahead_is_loss),
		cmocka_unit_test(
		    a_sender_that_began_anew_is_believed_at_the_second),
		cmocka_unit_test(jitter_nears_the_mean_deviation),
		cmocka_unit_test(jitter_ignores_a_new_time_line_and_resends),
		cmocka_unit_test(the_report_names_the_sender_report),
		cmocka_unit_test(round_trip_is_the_rfc_example),
		cmocka_unit_test(an_absurd_round_trip_is_none),
		cmocka_unit_test(an_unstarted_stream_reports_nothing),
		cmocka_unit_test(what_had_to_be_asked_for_stays_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
