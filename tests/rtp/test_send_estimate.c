/*
 * The whole estimate on lines that do not exist (line_model.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line_model.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)
#define KBPS 1000

static const struct send_estimate_config config = {
	.start_bps = 300000, .least_bps = 30000, .most_bps = 5000000,
	.useful_bps = 5000000, .first_sequence = 65000,
};

static struct line_model *
begin(int64_t capacity_bps, int64_t delay_us)
{
	struct line_model *m = line_model_new(&config, 20251124);

	m->capacity_bps = capacity_bps;
	m->delay_us = delay_us;
	return m;
}

static const struct send_line *
line(const struct line_model *m)
{
	return send_estimate_line(m->estimate);
}

/* ---- a source that sends what it may ------------------------------------- */

static void
finds_the_capacity_and_follows_it_up_and_down(void **state)
{
	struct line_model *m = begin(500 * KBPS, 50 * MS);

	(void)state;
	line_model_run(m, 20 * S);
	assert_in_range(line_model_mean_bps(m, 5 * S), 350000, 550000);
	m->capacity_bps = 800 * KBPS;
	line_model_run(m, 16 * S);
	assert_in_range(line_model_mean_bps(m, 4 * S), 600000, 900000);
	m->capacity_bps = 100 * KBPS;
	m->delay_us = 100 * MS;
	line_model_run(m, 40 * S);
	assert_in_range(line_model_mean_bps(m, 10 * S), 65000, 115000);
	line_model_free(m);
}

static void
detects_half_the_capacity_within_a_second(void **state)
{
	struct line_model *m = begin(1000 * KBPS, 50 * MS);
	int64_t            us = 0;

	(void)state;
	line_model_run(m, 20 * S);
	assert_true(line(m)->target_bps > 750000);
	m->capacity_bps = 500 * KBPS;
	for (; us < 2 * S && line(m)->target_bps > 600000; us += 10 * MS)
		line_model_run(m, 10 * MS);
	assert_in_range(us, 300 * MS, 1000 * MS);
	line_model_free(m);
}

static void
ramps_up_when_the_line_does(void **state)
{
	struct line_model *m = begin(500 * KBPS, 50 * MS);

	(void)state;
	line_model_run(m, 20 * S);
	m->capacity_bps = 3000 * KBPS;
	line_model_run(m, 35 * S);
	assert_in_range(line_model_mean_bps(m, 5 * S), 2300000, 3100000);
	line_model_free(m);
}

static void
gives_way_to_tcp_and_lives(void **state)
{
	struct line_model *m = begin(1000 * KBPS, 50 * MS);
	int64_t            received;

	(void)state;
	m->tcp = (struct line_tcp){ .on = true, .window = 10,
	    .threshold = 1000 };
	line_model_run(m, 10 * S);
	received = m->received_bytes;
	assert_true(line_model_mean_bps(m, 10 * S) < 750000);
	assert_true(m->received_bytes - received > 30000);
	line_model_free(m);
}

static void
thin_lines_are_filled_without_a_queue(void **state)
{
	static const struct { int64_t capacity, least, most; } lines[] = {
		{ 64 * KBPS, 40000, 68000 }, { 128 * KBPS, 90000, 132000 },
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct line_model *m = begin(lines[i].capacity, 30 * MS);

		m->audio_bps = 24 * KBPS;
		line_model_run(m, 20 * S);
		assert_in_range(line_model_mean_bps(m, 20 * S),
		    lines[i].least, lines[i].most);
		m->line_delay_most_us = 0;
		line_model_run(m, 10 * S);
		/* With a probe in it. */
		assert_true(m->line_delay_most_us < 450 * MS);
		line_model_free(m);
	}
}

static void
loss_at_random_leaves_what_it_leaves(void **state)
{
	static const struct {
		int64_t  capacity;
		unsigned permille, run;
		int64_t  least, most;
	} lines[] = {
		{ 2000 * KBPS, 100, 1, 1300000, 2000000 },
		{ 2000 * KBPS, 200, 1, 480000, 800000 },
		{ 2000 * KBPS, 300, 1, 320000, 480000 },
		{ 2000 * KBPS, 300, 3, 250000, 500000 },
		{ 128 * KBPS, 300, 1, 70000, 120000 },
		{ 64 * KBPS, 300, 1, 30000, 52000 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct line_model *m = begin(lines[i].capacity, 50 * MS);

		m->audio_bps = 24 * KBPS;
		m->loss_permille = lines[i].permille;
		m->loss_run = lines[i].run;
		line_model_run(m, 20 * S);
		assert_in_range(line_model_mean_bps(m, 20 * S),
		    lines[i].least, lines[i].most);
		/* Of 256; of each moment, so it varies. */
		assert_in_range(line(m)->loss_q8 * 1000 / 256,
		    lines[i].permille / 3, lines[i].permille * 2);
		line_model_free(m);
	}
}

static void
jitter_is_no_queue(void **state)
{
	(void)state;
	for (int64_t jitter_us = 30 * MS; jitter_us <= 240 * MS;
	    jitter_us *= 2) {
		struct line_model *m = begin(2000 * KBPS, 50 * MS);

		m->jitter_us = jitter_us;
		line_model_run(m, 20 * S);
		/* Much of it looks like one, and costs. */
		assert_in_range(line_model_mean_bps(m, 20 * S),
		    jitter_us > 100 * MS ? 200000 : 1200000, 2000000);
		line_model_free(m);
	}
}

static void
obeys_a_cap_and_rises_when_it_is_lifted(void **state)
{
	struct line_model *m = begin(3000 * KBPS, 50 * MS);

	(void)state;
	line_model_run(m, 10 * S);
	for (unsigned i = 0; i < 20; i++) {
		send_estimate_remb(m->estimate, 250 * KBPS, m->now_us);
		line_model_run(m, S);
		assert_true(line(m)->target_bps <= 250000);
	}
	send_estimate_remb(m->estimate, 10000 * KBPS, m->now_us);
	line_model_run(m, 20 * S);
	assert_true(line(m)->target_bps > 1500000);
	line_model_free(m);
}

static void
very_late_feedback_does_no_harm(void **state)
{
	struct line_model *m = begin(500 * KBPS, 50 * MS);

	(void)state;
	m->feedback_late_us = 4 * S;
	line_model_run(m, 60 * S);
	assert_in_range(line(m)->target_bps, config.least_bps, 600000);
	line_model_free(m);
}

static void
the_own_queue_stays_short(void **state)
{
	struct line_model *m = begin(1000 * KBPS, 50 * MS);

	(void)state;
	line_model_run(m, 10 * S);
	m->pacer_delay_most_us = 0;
	line_model_run(m, 30 * S);
	assert_true(m->pacer_delay_most_us < 150 * MS);
	line_model_free(m);
}

/* ---- a source of fixed rate, as a rendition is --------------------------- */

static struct line_model *
begin_fixed(int64_t capacity_bps, int64_t video_bps)
{
	struct line_model *m = begin(capacity_bps, 50 * MS);

	m->follows = false;
	m->video_bps = video_bps;
	m->audio_bps = 32 * KBPS;
	return m;
}

static void
a_limited_application_keeps_its_estimate(void **state)
{
	struct line_model *m = begin_fixed(2000 * KBPS, 300 * KBPS);

	(void)state;
	line_model_run(m, 5 * S);
	assert_true(line(m)->application_limited);
	for (unsigned i = 0; i < 60; i++) {
		const int64_t mean = line_model_mean_bps(m, S);

		/* What probes have shown, no less and no more. */
		assert_in_range(mean, 1500000, 2100000);
	}
	line_model_free(m);
}

static void
without_probes_it_does_not_rise(void **state)
{
	struct line_model *m = begin_fixed(2000 * KBPS, 130 * KBPS);

	(void)state;
	send_estimate_useful(m->estimate, 300 * KBPS);
	line_model_run(m, 60 * S);
	assert_true(line(m)->target_bps <= 310000);
	assert_int_equal(m->probes, 0);
	line_model_free(m);
}

static void
a_probe_that_is_asked_for_tells_whether_more_goes(void **state)
{
	static const struct { int64_t capacity; bool passes; } lines[] = {
		{ 3000 * KBPS, true }, { 400 * KBPS, false },
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct line_model *m = begin_fixed(lines[i].capacity,
		    200 * KBPS);

		send_estimate_useful(m->estimate, 300 * KBPS);
		line_model_run(m, 5 * S);
		send_estimate_useful(m->estimate, 5000 * KBPS);
		send_estimate_ask(m->estimate, 700 * KBPS);
		line_model_run(m, 2 * S);
		assert_true(m->probes > 0);
		assert_int_equal(line(m)->target_bps >= 700000,
		    lines[i].passes);
		line_model_run(m, 10 * S);
		assert_true(line(m)->target_bps > 200000);
		line_model_free(m);
	}
}

static void
a_larger_rendition_is_not_taken_for_overuse(void **state)
{
	struct line_model *m = begin_fixed(2000 * KBPS, 300 * KBPS);

	(void)state;
	line_model_run(m, 10 * S);
	m->video_bps = 1300 * KBPS;
	for (unsigned i = 0; i < 20; i++)
		assert_true(line_model_mean_bps(m, S) > 1250000);
	line_model_free(m);
}

static void
a_line_that_becomes_thin_is_seen_in_two_seconds(void **state)
{
	struct line_model *m = begin_fixed(2000 * KBPS, 1500 * KBPS);

	(void)state;
	line_model_run(m, 10 * S);
	m->capacity_bps = 300 * KBPS;
	line_model_run(m, 2 * S);
	assert_true(line(m)->target_bps < 500000);
	assert_true(line(m)->queue_us > 100 * MS);
	m->video_bps = 150 * KBPS;
	line_model_run(m, 5 * S);
	assert_true(line(m)->queue_us < 50 * MS);
	m->capacity_bps = 2000 * KBPS;
	send_estimate_ask(m->estimate, 700 * KBPS);
	line_model_run(m, 15 * S);
	assert_true(line(m)->target_bps > 1400000);
	line_model_free(m);
}

static void
a_blackout_is_no_loss_of_the_line(void **state)
{
	struct line_model *m = begin_fixed(2000 * KBPS, 500 * KBPS);

	(void)state;
	line_model_run(m, 10 * S);
	m->dead = true;
	line_model_run(m, 3500 * MS);
	assert_true(line(m)->silent);
	assert_false(line(m)->broken);
	line_model_run(m, 7 * S);
	assert_true(line(m)->broken);
	assert_int_equal(line(m)->target_bps, 0);
	pacer_drop(&m->pacer, PACER_VIDEO);
	m->dead = false;
	line_model_run(m, S);
	assert_false(line(m)->silent);
	assert_true(line(m)->target_bps > 500000);
	line_model_run(m, 3 * S);
	assert_true(line(m)->target_bps > 1000000);
	line_model_free(m);
}

/* ---- other peers, and bad ones ------------------------------------------- */

static void
a_peer_without_transport_feedback_is_known_by_remb(void **state)
{
	struct send_estimate *e;

	(void)state;
	assert_int_equal(send_estimate_new(&e, &config), 0);
	assert_false(send_estimate_line(e)->measured);
	send_estimate_report(e, 26, 80 * MS, S);
	send_estimate_remb(e, 700 * KBPS, S);
	send_estimate_tick(e, S + 1);
	assert_int_equal(send_estimate_line(e)->target_bps, 700000);
	assert_int_equal(send_estimate_line(e)->loss_q8, 26);
	assert_int_equal(send_estimate_line(e)->rtt_us, 80 * MS);
	assert_true(send_estimate_line(e)->measured);
	assert_false(send_estimate_line(e)->transport_feedback);
	send_estimate_remb(e, 1, 2 * S);
	assert_int_equal(send_estimate_line(e)->target_bps,
	    config.least_bps);
	send_estimate_remb(e, INT64_MAX, 3 * S);
	assert_int_equal(send_estimate_line(e)->target_bps,
	    config.most_bps);
	send_estimate_free(e);
}

static void
feedback_of_packets_never_sent_is_not_heard(void **state)
{
	/* 2000 packets from 0 on, all of them there. */
	uint8_t body[8 + 2 + 2000] = { 0, 0, 0x07, 0xd0, 0, 0, 1, 0,
	    0x27, 0xd0 };
	struct send_estimate *e;

	(void)state;
	assert_int_equal(send_estimate_new(&e, &config), 0);
	for (unsigned i = 0; i < 100; i++)
		send_estimate_twcc(e, body, sizeof(body), S + i * MS);
	assert_false(send_estimate_line(e)->measured);
	assert_int_equal(send_estimate_line(e)->acked_bps, 0);
	assert_int_equal(send_estimate_line(e)->target_bps,
	    config.start_bps);
	send_estimate_free(e);
}

static void
ccfb_serves_as_well(void **state)
{
	struct send_estimate *e;
	uint8_t               body[16] = { 0, 0, 0, 9 };

	(void)state;
	assert_int_equal(send_estimate_new(&e, &config), 0);
	/* 400 kbit/s: a packet of 500 bytes each 10 ms, told two at a time. */
	for (unsigned i = 0; i < 1000; i++) {
		const int64_t now_us = S + i * 10 * MS;
		const struct send_estimate_packet packet = { .ssrc = 9,
		    .rtp_sequence = (uint16_t)i, .bytes = 500 };
		const uint32_t stamp = (uint32_t)((now_us << 16) / S);

		send_estimate_sent(e, &packet, now_us);
		if (i % 2 == 0)
			continue;
		body[4] = (uint8_t)((i - 1) >> 8);
		body[5] = (uint8_t)(i - 1);
		body[7] = 2;
		body[8] = 0x80;
		body[9] = 10;		/* 10/1024 s ago */
		body[10] = 0x80;
		for (unsigned b = 0; b < 4; b++)
			body[12 + b] = (uint8_t)(stamp >> (24 - 8 * b));
		send_estimate_ccfb(e, body, sizeof(body), now_us + 20 * MS);
	}
	assert_true(send_estimate_line(e)->measured);
	assert_in_range(send_estimate_line(e)->acked_bps, 380000, 420000);
	assert_true(send_estimate_line(e)->target_bps > 350000);
	assert_int_equal(send_estimate_line(e)->loss_q8, 0);
	send_estimate_free(e);
}

static void
bounds_that_are_none_are_refused(void **state)
{
	struct send_estimate_config bad = config;
	struct send_estimate       *e = NULL;

	(void)state;
	bad.most_bps = bad.start_bps - 1;
	assert_int_not_equal(send_estimate_new(&e, &bad), 0);
	bad = config;
	bad.least_bps = 0;
	assert_int_not_equal(send_estimate_new(&e, &bad), 0);
	assert_null(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_capacity_and_follows_it_up_and_down),
		cmocka_unit_test(detects_half_the_capacity_within_a_second),
		cmocka_unit_test(ramps_up_when_the_line_does),
		cmocka_unit_test(gives_way_to_tcp_and_lives),
		cmocka_unit_test(thin_lines_are_filled_without_a_queue),
		cmocka_unit_test(loss_at_random_leaves_what_it_leaves),
		cmocka_unit_test(jitter_is_no_queue),
		cmocka_unit_test(obeys_a_cap_and_rises_when_it_is_lifted),
		cmocka_unit_test(very_late_feedback_does_no_harm),
		cmocka_unit_test(the_own_queue_stays_short),
		cmocka_unit_test(a_limited_application_keeps_its_estimate),
		cmocka_unit_test(without_probes_it_does_not_rise),
		cmocka_unit_test(a_probe_that_is_asked_for_tells_whether_more_goes),
		cmocka_unit_test(a_larger_rendition_is_not_taken_for_overuse),
		cmocka_unit_test(a_line_that_becomes_thin_is_seen_in_two_seconds),
		cmocka_unit_test(a_blackout_is_no_loss_of_the_line),
		cmocka_unit_test(a_peer_without_transport_feedback_is_known_by_remb),
		cmocka_unit_test(feedback_of_packets_never_sent_is_not_heard),
		cmocka_unit_test(ccfb_serves_as_well),
		cmocka_unit_test(bounds_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
