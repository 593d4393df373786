/*
 * Packets in, ticks out: loss, FEC, odd durations, silence and nonsense.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/audio_receiver.h"
#include "rtp/stream_sync.h"
#include "sounds.h"

#define TICKS_MAX 500
#define START_US  1000000

struct line {
	struct packet_pool         *pool;
	struct audio_encoder       *encoder;
	struct audio_receiver      *receiver;
	struct audio_receiver_stats stats;
	struct sound_header         header;
	unsigned                    tick;
	struct sound_voice          voice;
	float    heard[TICKS_MAX * AUDIO_FRAME_LEN];
	bool     sound[TICKS_MAX];
};

static struct line *
line_open(uint8_t level_id)
{
	const struct audio_receiver_config cfg = { .payload_type = 111,
		.level_id = level_id };
	struct line *l = test_calloc(1, sizeof(*l));

	assert_int_equal(packet_pool_new(&l->pool, 200), 0);
	assert_int_equal(audio_encoder_new(&l->encoder, 32000, 5), 0);
	assert_int_equal(audio_receiver_new(&l->receiver, &cfg, &l->stats),
	    0);
	l->header.payload_type = 111;
	l->header.sequence = 65500;
	l->header.timestamp = 0xffff0000;
	l->header.ssrc = 7;
	l->header.level = -1;
	return l;
}

static void
line_close(struct line *l)
{
	struct packet *p[200];

	audio_receiver_free(l->receiver);
	audio_encoder_free(l->encoder);
	/* All packets came back. */
	for (int i = 0; i < 200; i++) {
		p[i] = packet_new(l->pool);
		assert_non_null(p[i]);
	}
	for (int i = 0; i < 200; i++)
		packet_free(&p[i]);
	packet_pool_free(l->pool);
	test_free(l);
}

static int64_t
line_now(const struct line *l)
{
	return START_US + (int64_t)l->tick * AUDIO_FRAME_US;
}

/* One packet of 20 ms at this tick's time. */
static void
line_send(struct line *l, const struct audio_frame *f, bool lost)
{
	uint8_t   payload[AUDIO_PAYLOAD_MAX];
	const int len = audio_encoder_encode(l->encoder, f, payload);

	assert_true(len > 0);
	if (!lost)
		audio_receiver_push(l->receiver, sound_packet(l->pool,
		    &l->header, payload, (size_t)len, line_now(l)));
	l->header.sequence++;
	l->header.timestamp += AUDIO_FRAME_LEN;
}

static void
line_tick(struct line *l)
{
	struct audio_frame f = { { 0 } };
	float *to = l->heard + (size_t)l->tick * AUDIO_FRAME_LEN;

	assert_true(l->tick < TICKS_MAX);
	l->sound[l->tick] = audio_receiver_pull(l->receiver, line_now(l),
	    &f);
	if (l->sound[l->tick])
		memcpy(to, f.samples, sizeof(f.samples));
	for (size_t i = 0; i < AUDIO_FRAME_LEN; i++)
		assert_true(f.samples[i] >= -1 && f.samples[i] <= 1);
	l->tick++;
}

/* `ticks` of a tone. */
static void
line_tone(struct line *l, unsigned ticks, double hz, double amplitude)
{
	for (unsigned i = 0; i < ticks; i++) {
		struct audio_frame f;

		sound_tone(&f, hz, amplitude, l->tick);
		line_send(l, &f, false);
		line_tick(l);
	}
}

static double
db_between(const struct line *l, unsigned from, unsigned to)
{
	return sound_rms_db(l->heard + (size_t)from * AUDIO_FRAME_LEN,
	    (size_t)(to - from) * AUDIO_FRAME_LEN);
}

static void
a_tone_comes_through_after_a_short_delay(void **state)
{
	struct line *l = line_open(0);
	unsigned     first = 0;

	(void)state;
	line_tone(l, 200, 500, 0.25);
	while (!l->sound[first] || db_between(l, first, first + 1) < -30)
		first++;
	assert_in_range(first, 1, 5);
	assert_true(fabs(sound_tone_db(l->heard + 100 * AUDIO_FRAME_LEN,
	    96000, 500) + 12.04) < 1);
	assert_int_equal(l->stats.dropped, 0);
	assert_in_range(l->stats.concealed_samples, 0, 5 * AUDIO_FRAME_LEN);
	assert_true(l->stats.decoded > 180);
	line_close(l);
}

static void
a_tenth_lost_is_hidden(void **state)
{
	struct line *l = line_open(0);
	unsigned     lost = 0, holes = 0, chance = 5;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		struct audio_frame f;
		bool               gone;

		chance = chance * 1664525u + 1013904223u;
		gone = i > 20 && chance >> 16 < 6554;
		lost += gone;
		sound_voice(&f, &l->voice, 0.5);
		for (size_t k = 0; k < AUDIO_FRAME_LEN; k++)
			f.samples[k] = f.samples[k] * 0.5f;
		line_send(l, &f, gone);
		line_tick(l);
	}
	assert_in_range(lost, 25, 55);
	assert_true(l->stats.concealed_samples >=
	    (lost - 4) * AUDIO_FRAME_LEN);
	assert_true(l->stats.concealed_samples <=
	    (lost + 8) * AUDIO_FRAME_LEN);
	/* FEC brings back at least a third of them (none in pauses). */
	assert_true(l->stats.recovered_samples * 3 >=
	    lost * AUDIO_FRAME_LEN);
	for (unsigned i = 30; i < 400; i++)
		holes += !l->sound[i];
	assert_int_equal(holes, 0);
	line_close(l);
}

/*
 * Two packets are lost from tick `at` on, and what follows comes late by
 * `stall` ticks. Returns how many frames FEC brought back.
 */
static uint64_t
recovered_after(unsigned at, unsigned stall)
{
	struct line *l = line_open(0);
	uint64_t     recovered;
	unsigned     sent = 0;

	for (unsigned i = 0; i < at + 30; i++) {
		for (; sent <= i &&
		    (i < at ? i % 10 > 2 : i >= at + stall); sent++) {
			struct audio_frame f;

			sound_voice(&f, &l->voice, 0.5);
			for (size_t k = 0; k < AUDIO_FRAME_LEN; k++)
				f.samples[k] = f.samples[k] * 0.5f;
			line_send(l, &f, sent == at || sent == at + 1);
		}
		line_tick(l);
	}
	recovered = l->stats.recovered_samples;
	line_close(l);
	return recovered / AUDIO_FRAME_LEN;
}

/* After four ticks the first one was made up before anything came. */
static void
the_second_of_two_lost_is_recovered(void **state)
{
	(void)state;
	for (unsigned stall = 0; stall <= 4; stall++)
		assert_int_equal(recovered_after(100, stall), 1);
}

static void
a_broken_line_fades_and_is_silent_after_120_ms(void **state)
{
	struct line *l = line_open(0);

	(void)state;
	line_tone(l, 100, 400, 0.25);
	for (unsigned i = 0; i < 50; i++)
		line_tick(l);
	/* What the buffer held goes on, then 120 ms are made up. */
	assert_true(db_between(l, 99, 101) > -20);
	for (unsigned i = 118; i < 150; i++)
		assert_false(l->sound[i]);
	/* It comes back. */
	l->header.timestamp += 50 * AUDIO_FRAME_LEN;
	line_tone(l, 50, 400, 0.25);
	assert_true(db_between(l, 180, 200) > -17);
	line_close(l);
}

static void
silent_levels_are_not_decoded(void **state)
{
	struct line *l = line_open(1);
	uint64_t     before;

	(void)state;
	l->header.level = 127;
	line_tone(l, 100, 400, 0.25);
	assert_int_equal(l->stats.decoded, 0);
	for (unsigned i = 0; i < 100; i++)
		assert_false(l->sound[i]);
	l->header.level = 15;
	line_tone(l, 100, 400, 0.25);
	assert_true(l->stats.decoded > 90);
	assert_true(db_between(l, 150, 200) > -17);
	/* For half a second after the last word it still is. */
	before = l->stats.decoded;
	l->header.level = 60;
	line_tone(l, 100, 400, 0.25);
	assert_in_range(l->stats.decoded - before, 20, 35);
	assert_false(l->sound[260]);
	line_close(l);
}

/* Opus packets of other durations, made from frames of silence (RFC 6716). */
static void
packets_of_any_duration_fill_the_ticks(void **state)
{
	/* CELT 2.5 and 10 ms, SILK 60 ms, and code 3 with 6 of 20 ms. */
	static const struct {
		uint8_t bytes[2];
		size_t  len;
		int     samples;
	} kinds[] = { { { 0xe0 }, 1, 120 }, { { 0xf0 }, 1, 480 },
		{ { 0x18 }, 1, 2880 }, { { 0x4b, 0x06 }, 2, 5760 } };

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		struct line *l = line_open(0);
		int64_t      sent = 0;

		for (unsigned i = 0; i < 300; i++) {
			for (; sent < (int64_t)(i + 1) * AUDIO_FRAME_LEN;
			    sent += kinds[k].samples) {
				audio_receiver_push(l->receiver,
				    sound_packet(l->pool, &l->header,
				    kinds[k].bytes, kinds[k].len, START_US +
				    sent * 1000 / 48));
				l->header.sequence++;
				l->header.timestamp +=
				    (uint32_t)kinds[k].samples;
			}
			line_tick(l);
		}
		/* All but what waits was decoded, and little made up. */
		assert_true((int64_t)l->stats.decoded * kinds[k].samples >=
		    sent - 24000);
		assert_true(l->stats.concealed_samples < 12000);
		line_close(l);
	}
}

static void
a_late_burst_is_caught_up_with(void **state)
{
	struct line *l = line_open(0);
	unsigned     waiting = 0;

	(void)state;
	/* Three stalls of 160 ms, then a clean line. */
	for (unsigned i = 0; i < 450; i++) {
		struct audio_frame f;
		const bool         stall = i >= 50 && i < 110 && i % 20 < 8;

		waiting++;
		for (; !stall && waiting > 0; waiting--) {
			sound_tone(&f, 500, 0.25, i);
			line_send(l, &f, false);
		}
		line_tick(l);
	}
	assert_true(l->stats.skipped_samples > 0);
	assert_true(db_between(l, 400, 450) > -17);
	line_close(l);
}

static void
packets_that_are_wrong_are_dropped_and_counted(void **state)
{
	struct line   *l = line_open(0);
	const uint8_t  bad[] = { 0x03, 0x00 };
	const uint8_t  good[] = { 0xf8, 1, 2, 3 };
	struct packet *p;

	(void)state;
	audio_receiver_push(l->receiver, sound_packet(l->pool, &l->header,
	    bad, 2, START_US));
	audio_receiver_push(l->receiver, sound_packet(l->pool, &l->header,
	    bad, 0, START_US));
	l->header.payload_type = 110;
	audio_receiver_push(l->receiver, sound_packet(l->pool, &l->header,
	    good, 4, START_US));
	p = packet_new(l->pool);
	assert_non_null(p);
	p->len = 5;
	audio_receiver_push(l->receiver, p);
	assert_int_equal(l->stats.dropped, 4);
	line_tick(l);
	assert_false(l->sound[0]);
	line_close(l);
}

static void
another_ssrc_waits_until_the_first_is_silent(void **state)
{
	struct line *l = line_open(0);
	uint64_t     dropped;

	(void)state;
	line_tone(l, 100, 500, 0.25);
	l->header.ssrc = 8;
	l->header.sequence = 9;
	l->header.timestamp = 77;
	line_tone(l, 5, 500, 0.25);
	dropped = l->stats.dropped;
	assert_in_range(dropped, 5, 5);
	line_tone(l, 95, 500, 0.25);
	assert_in_range(l->stats.dropped - dropped, 0, 6);
	assert_true(db_between(l, 150, 200) > -17);
	line_close(l);
}

/* The sender's clock is a day ahead; sound is pulled after 40 ms and more. */
static void
the_lag_is_from_capture_to_pull(void **state)
{
	const int64_t day_us = INT64_C(86400000000);
	struct line  *l = line_open(0);
	int64_t       lag_us;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		uint8_t            payload[AUDIO_PAYLOAD_MAX];
		struct audio_frame f;
		struct packet     *p;
		int                len;

		assert_true(i > 0 || audio_receiver_lag_us(l->receiver,
		    line_now(l)) == STREAM_TIME_NONE);
		sound_tone(&f, 500, 0.25, i);
		len = audio_encoder_encode(l->encoder, &f, payload);
		p = sound_packet(l->pool, &l->header, payload, (size_t)len,
		    line_now(l));
		p->captured_us = day_us + line_now(l) - 30000;
		audio_receiver_push(l->receiver, p);
		l->header.sequence++;
		l->header.timestamp += AUDIO_FRAME_LEN;
		line_tick(l);
	}
	lag_us = day_us + audio_receiver_lag_us(l->receiver, line_now(l));
	assert_in_range(lag_us, 30000 + 20000, 30000 + 60000);
	/* Of nobody who has been silent for two seconds. */
	for (unsigned i = 0; i < 101; i++)
		line_tick(l);
	assert_true(audio_receiver_lag_us(l->receiver, line_now(l)) ==
	    STREAM_TIME_NONE);
	line_close(l);
}

static void
any_bytes_are_survived(void **state)
{
	struct line *l = line_open(1);
	uint32_t     chance = 11;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		for (int k = 0; k < 5; k++) {
			uint8_t noise[160];

			for (size_t b = 0; b < sizeof(noise); b++) {
				chance = chance * 1664525u + 1013904223u;
				noise[b] = (uint8_t)(chance >> 24);
			}
			l->header.level = noise[0] & 0x7f;
			l->header.sequence = (uint16_t)(l->header.sequence +
			    noise[1] % 4);
			l->header.timestamp += noise[2] * 16u;
			audio_receiver_push(l->receiver, sound_packet(l->pool,
			    &l->header, noise + 3, noise[4] % 150,
			    line_now(l)));
		}
		line_tick(l);
	}
	line_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_comes_through_after_a_short_delay),
		cmocka_unit_test(a_tenth_lost_is_hidden),
		cmocka_unit_test(the_second_of_two_lost_is_recovered),
		cmocka_unit_test(
		    a_broken_line_fades_and_is_silent_after_120_ms),
		cmocka_unit_test(silent_levels_are_not_decoded),
		cmocka_unit_test(packets_of_any_duration_fill_the_ticks),
		cmocka_unit_test(a_late_burst_is_caught_up_with),
		cmocka_unit_test(
		    packets_that_are_wrong_are_dropped_and_counted),
		cmocka_unit_test(another_ssrc_waits_until_the_first_is_silent),
		cmocka_unit_test(the_lag_is_from_capture_to_pull),
		cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
