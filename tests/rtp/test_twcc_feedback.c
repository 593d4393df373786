/*
 * Transport-wide feedback, read back as the draft's section 3.1 says.
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
#include "rtp/rtcp_packet.h"
#include "rtp/twcc_feedback.h"
#include "util/reader.h"

#define RUN_CHUNK(chunk) (!((chunk) & 0x8000))
#define TICK_US 250

/* What a sender learns: by sequence, what came and when. */
struct learnt {
	bool    reported, received;
	int64_t arrival_us;
};

struct feedback_reader {
	uint16_t      base;
	unsigned      count;
	uint8_t       number;
	int64_t       reference_us;
	struct learnt by_sequence[65536];
};

static struct feedback_reader sender;

static unsigned
read_chunk(uint16_t chunk, unsigned left, uint8_t *symbols)
{
	unsigned n = 0;

	if (RUN_CHUNK(chunk)) {
		const unsigned run = chunk & 0x1fff;

		assert_in_range(run, 1, left);	/* we never overstate */
		for (; n < run; n++)
			symbols[n] = chunk >> 13 & 3;
	} else if (chunk & 0x4000) {
		for (; n < 7 && n < left; n++)
			symbols[n] = chunk >> (12 - 2 * n) & 3;
	} else {
		for (; n < 14 && n < left; n++)
			symbols[n] = chunk >> (13 - n) & 1;
	}
	return n;
}

static void
read_deltas(struct reader *r, const uint8_t *symbols)
{
	int64_t at_us = sender.reference_us;

	for (unsigned i = 0; i < sender.count; i++) {
		struct learnt *l = &sender.by_sequence[
		    (uint16_t)(sender.base + i)];

		assert_true(symbols[i] <= 2);
		l->reported = true;
		l->received = symbols[i] > 0;
		if (symbols[i] == 1)
			at_us += (int64_t)reader_u8(r) * TICK_US;
		else if (symbols[i] == 2)
			at_us += (int64_t)(int16_t)reader_u16(r) * TICK_US;
		l->arrival_us = at_us;
	}
}

static void
read_feedback(const uint8_t *bytes, size_t len)
{
	struct reader r = reader_of(bytes, len);
	uint8_t       symbols[65536];
	unsigned      at = 0;
	uint32_t      reference;

	assert_int_equal(reader_u8(&r), 0x8f);
	assert_int_equal(reader_u8(&r), 205);
	assert_int_equal(((size_t)reader_u16(&r) + 1) * 4, len);
	assert_int_equal(reader_u32(&r), 1);
	assert_int_equal(reader_u32(&r), 2);
	sender.base = reader_u16(&r);
	sender.count = reader_u16(&r);
	reference = reader_u24(&r);
	sender.reference_us = (int64_t)reference * 64000;
	sender.number = reader_u8(&r);
	while (at < sender.count)
		at += read_chunk(reader_u16(&r), sender.count - at,
		    symbols + at);
	read_deltas(&r, symbols);
	assert_false(r.bad);
	assert_true(reader_left(&r) < 4);	/* zero padding */
	while (reader_left(&r) > 0)
		assert_int_equal(reader_u8(&r), 0);
}

/* Writes and reads all that is pending; returns how many packets. */
static unsigned
exchange(struct twcc_feedback *t)
{
	uint8_t  bytes[1200];
	unsigned packets = 0;

	while (twcc_feedback_pending(t)) {
		struct rtcp_compound c;
		const size_t len = twcc_feedback_write(t, bytes,
		    sizeof(bytes), 1, 2);

		assert_in_range(len, 24, 1100);
		assert_int_equal(rtcp_parse(&c, bytes, len), 0);
		assert_int_equal(c.parts[0].type, RTCP_TWCC);
		read_feedback(bytes, len);
		packets++;
	}
	return packets;
}

static void
expect_arrival(uint16_t sequence, int64_t arrival_us)
{
	const struct learnt *l = &sender.by_sequence[sequence];

	assert_true(l->reported);
	assert_int_equal(l->received, arrival_us != 0);
	if (arrival_us)
		assert_true(arrival_us - l->arrival_us >= 0 &&
		    arrival_us - l->arrival_us < TICK_US);
}

static int
forget(void **state)
{
	(void)state;
	memset(&sender, 0, sizeof(sender));
	return 0;
}

static void
writes_the_bytes_of_a_short_stream(void **state)
{
	/* 5 came, 6 lost, 7 came 1 ms after, 8 came 100 ms after that. */
	static const uint8_t expected[] = {
		0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2,
		0, 5, 0, 4, 0, 0, 2, 0,
		0xd1, 0x80, 4, 4, 0x01, 0x90, 0, 0,
	};
	struct twcc_feedback t;
	uint8_t              bytes[64];

	(void)state;
	twcc_feedback_init(&t);
	assert_false(twcc_feedback_pending(&t));
	assert_int_equal(twcc_feedback_write(&t, bytes, 64, 1, 2), 0);
	twcc_feedback_received(&t, 5, 129000);
	twcc_feedback_received(&t, 7, 130000);
	twcc_feedback_received(&t, 8, 230000);
	assert_int_equal(twcc_feedback_write(&t, bytes, 64, 1, 2),
	    sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_false(twcc_feedback_pending(&t));
}

static void
tells_a_clean_stream_over_the_wrap(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	for (unsigned i = 0; i < 200000; i++) {
		twcc_feedback_received(&t, (uint16_t)(65000 + i),
		    1000000 + (int64_t)i * 1234);
		if (i % 80 == 79) {
			assert_int_equal(exchange(&t), 1);
			assert_int_equal(sender.count, 80);
			assert_int_equal(sender.number, (i / 80) & 0xff);
		}
	}
	for (unsigned i = 199900; i < 200000; i++)
		expect_arrival((uint16_t)(65000 + i),
		    1000000 + (int64_t)i * 1234);
}

static void
tells_loss_and_reordering_truly(void **state)
{
	static int64_t       truth[65536];
	struct twcc_feedback t;
	struct chance        chance = { 77 };
	int64_t              now_us = 5000000;
	unsigned             checked = 0;

	(void)state;
	memset(truth, 0, sizeof(truth));
	twcc_feedback_init(&t);
	for (unsigned i = 0; i < 60000; i++) {
		const uint16_t sequence = (uint16_t)(i ^
		    (chance_below(&chance, 10) == 0));	/* pairs swapped */

		now_us += chance_below(&chance, 40) == 0 ? 80000 :
		    chance_below(&chance, 3000);
		if (chance_below(&chance, 100) < 30)
			continue;
		twcc_feedback_received(&t, sequence, now_us);
		if (truth[sequence] == 0)
			truth[sequence] = now_us;
		if (chance_below(&chance, 60) == 0)
			exchange(&t);
	}
	exchange(&t);
	for (unsigned i = 2; i < 59990; i++) {
		expect_arrival((uint16_t)i, truth[i]);
		checked++;
	}
	assert_int_equal(checked, 59988);
}

static void
a_packet_reported_missing_is_told_when_it_comes(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 10, 100000);
	twcc_feedback_received(&t, 12, 101000);
	exchange(&t);
	expect_arrival(11, 0);
	twcc_feedback_received(&t, 11, 150000);
	assert_true(twcc_feedback_pending(&t));
	exchange(&t);
	expect_arrival(11, 150000);
	expect_arrival(12, 101000);		/* a delta below zero */
	twcc_feedback_received(&t, 11, 160000);	/* a duplicate */
	assert_false(twcc_feedback_pending(&t));
}

static void
the_first_may_be_late_itself(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 0, 100000);
	twcc_feedback_received(&t, 65535, 100300);
	exchange(&t);
	assert_int_equal(sender.base, 65535);
	expect_arrival(65535, 100300);
	expect_arrival(0, 100000);
}

static void
ignores_what_is_older_than_the_window(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 2000, 100000);
	exchange(&t);
	twcc_feedback_received(&t, 2000 - 1024, 110000);
	assert_false(twcc_feedback_pending(&t));
	twcc_feedback_received(&t, 2000 - 1023, 110000);
	assert_int_equal(exchange(&t), 1);
	assert_int_equal(sender.count, 1024);
	expect_arrival(2000 - 1023, 110000);
	expect_arrival(2000, 100000);
}

static void
a_jump_forgets_what_does_not_fit(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 1, 100000);
	twcc_feedback_received(&t, 1500, 120000);
	exchange(&t);
	assert_int_equal(sender.base, 1500 - 1023);
	expect_arrival(1500, 120000);
	expect_arrival(1499, 0);
	assert_false(sender.by_sequence[1].reported);
	twcc_feedback_received(&t, 30000, 130000);
	exchange(&t);
	expect_arrival(30000, 130000);
	expect_arrival(29000, 0);
}

static void
a_long_silence_takes_a_new_reference_time(void **state)
{
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 1, 100000);
	twcc_feedback_received(&t, 2, 8000000);
	twcc_feedback_received(&t, 3, 30000000);
	twcc_feedback_received(&t, 4, 100000);	/* clock of a liar */
	assert_int_equal(exchange(&t), 3);
	expect_arrival(1, 100000);
	expect_arrival(2, 8000000);
	expect_arrival(3, 30000000);
	expect_arrival(4, 100000);
}

static void
more_than_fits_goes_into_several_packets(void **state)
{
	struct twcc_feedback t;
	uint8_t              bytes[400];
	unsigned             packets = 0;

	(void)state;
	twcc_feedback_init(&t);
	for (unsigned i = 0; i < 1000; i++)	/* all large deltas */
		twcc_feedback_received(&t, (uint16_t)i,
		    1000000 + (int64_t)i * 70000);
	while (twcc_feedback_pending(&t)) {
		const size_t len = twcc_feedback_write(&t, bytes,
		    sizeof(bytes), 1, 2);

		assert_in_range(len, 24, 400);
		read_feedback(bytes, len);
		packets++;
	}
	assert_in_range(packets, 6, 8);
	for (unsigned i = 0; i < 1000; i++)
		expect_arrival((uint16_t)i, 1000000 + (int64_t)i * 70000);
}

static void
room_of_400_bytes_always_gets_on(void **state)
{
	struct twcc_feedback t;
	uint8_t              bytes[400];

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 1, 100000);
	twcc_feedback_received(&t, 1024, 120000);
	while (twcc_feedback_pending(&t))
		assert_int_not_equal(twcc_feedback_write(&t, bytes,
		    sizeof(bytes), 1, 2), 0);
	twcc_feedback_received(&t, 1025, 130000);
	assert_int_equal(twcc_feedback_write(&t, bytes, 20, 1, 2), 0);
	assert_true(twcc_feedback_pending(&t));
}

/* Runs of each length, so that no chunk tells of fewer than it could. */
static void
short_runs_fit_their_bound(void **state)
{
	uint8_t bytes[400];

	(void)state;
	for (unsigned run = 1; run < 16; run++) {
		struct twcc_feedback t;

		twcc_feedback_init(&t);
		for (unsigned i = 0; i < 1024; i++)
			if (i / run % 2 == 0)
				twcc_feedback_received(&t, (uint16_t)i,
				    1000000 + (int64_t)i * 70000);
		while (twcc_feedback_pending(&t)) {
			const size_t len = twcc_feedback_write(&t, bytes,
			    sizeof(bytes), 1, 2);

			assert_in_range(len, 24, 400);
			read_feedback(bytes, len);
		}
		for (unsigned i = 0; i < 1000; i++)
			expect_arrival((uint16_t)i, i / run % 2 ? 0 :
			    1000000 + (int64_t)i * 70000);
	}
}

static void
the_reference_time_wraps_at_24_bits(void **state)
{
	const int64_t        late_us = INT64_C(0x1000003) * 64000 + 777;
	struct twcc_feedback t;

	(void)state;
	twcc_feedback_init(&t);
	twcc_feedback_received(&t, 1, late_us);
	exchange(&t);
	assert_true(sender.reference_us == 3 * 64000);
	expect_arrival(1, 3 * 64000 + 777);
}

static void
takes_a_twentieth_of_the_rate_within_50_and_250_ms(void **state)
{
	(void)state;
	assert_int_equal(twcc_feedback_interval_us(0), 100000);
	assert_int_equal(twcc_feedback_interval_us(1), 250000);
	assert_int_equal(twcc_feedback_interval_us(50000), 250000);
	/* 84 bytes each 134 ms are 5 kbit/s. */
	assert_int_equal(twcc_feedback_interval_us(100000), 134400);
	assert_int_equal(twcc_feedback_interval_us(1000000), 50000);
	assert_int_equal(twcc_feedback_interval_us(UINT64_MAX), 50000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, forget)
		TEST(writes_the_bytes_of_a_short_stream),
		TEST(tells_a_clean_stream_over_the_wrap),
		TEST(tells_loss_and_reordering_truly),
		TEST(a_packet_reported_missing_is_told_when_it_comes),
		TEST(the_first_may_be_late_itself),
		TEST(ignores_what_is_older_than_the_window),
		TEST(a_jump_forgets_what_does_not_fit),
		TEST(a_long_silence_takes_a_new_reference_time),
		TEST(more_than_fits_goes_into_several_packets),
		TEST(room_of_400_bytes_always_gets_on),
		TEST(short_runs_fit_their_bound),
		TEST(the_reference_time_wraps_at_24_bits),
		TEST(takes_a_twentieth_of_the_rate_within_50_and_250_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
