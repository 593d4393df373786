/*
 * RTCP: compounds read, written, cut short and damaged.
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
#include "rtp/rtcp_packet.h"

static const struct rtcp_report example = {
	.ssrc = 0x11223344, .fraction_lost = 64, .lost = -3,
	.highest_sequence = 0x0001ffff, .jitter = 77, .last_sr = 0xabcd1234,
	.delay_since_last_sr = 65536,
};

/* SR, SDES, PLI, NACK, REMB and BYE, as we would send them. */
static size_t
write_compound(uint8_t *out, size_t size)
{
	const struct rtcp_sender_info info = { 0x0102030405060708, 90000,
	    10, 1000 };
	const uint16_t missing[] = { 65534, 65535, 3, 20, 21 };
	const uint32_t ssrc = 9;
	size_t         at = 0;

	at += rtcp_write_sr(out + at, size - at, 1, &info, &example, 1);
	at += rtcp_write_sdes(out + at, size - at, 1, "tessera");
	at += rtcp_write_pli(out + at, size - at, 1, 2);
	at += rtcp_write_nack(out + at, size - at, 1, 2, missing, 5);
	at += rtcp_write_remb(out + at, size - at, 1, 1500000, &ssrc, 1);
	at += rtcp_write_bye(out + at, size - at, 1);
	return at;
}

static void
reads_what_it_writes(void **state)
{
	uint8_t              bytes[256];
	const size_t         len = write_compound(bytes, sizeof(bytes));
	struct rtcp_compound c;
	struct rtcp_report   report;
	uint16_t             nacks[RTCP_NACKS_MAX];

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, len), 0);
	assert_int_equal(c.count, 6);
	assert_int_equal(c.parts[0].type, RTCP_SENDER_REPORT);
	assert_true(c.parts[0].sender.ntp == 0x0102030405060708);
	assert_int_equal(c.parts[0].sender.rtp, 90000);
	assert_int_equal(c.parts[0].sender.packets, 10);
	assert_int_equal(c.parts[0].sender.bytes, 1000);
	assert_int_equal(c.parts[0].report_count, 1);
	report = rtcp_part_report(&c.parts[0], 0);
	assert_int_equal(report.ssrc, example.ssrc);
	assert_int_equal(report.fraction_lost, 64);
	assert_int_equal(report.lost, -3);
	assert_int_equal(report.highest_sequence, 0x0001ffff);
	assert_int_equal(report.jitter, 77);
	assert_int_equal(report.last_sr, 0xabcd1234);
	assert_int_equal(report.delay_since_last_sr, 65536);
	assert_int_equal(c.parts[1].type, RTCP_SDES);
	assert_int_equal(c.parts[1].sender_ssrc, 1);
	assert_int_equal(c.parts[2].type, RTCP_PLI);
	assert_int_equal(c.parts[2].media_ssrc, 2);
	assert_int_equal(c.parts[3].type, RTCP_NACK);
	assert_int_equal(rtcp_part_nacks(&c.parts[3], nacks), 5);
	assert_int_equal(nacks[0], 65534);
	assert_int_equal(nacks[1], 65535);
	assert_int_equal(nacks[2], 3);
	assert_int_equal(nacks[3], 20);
	assert_int_equal(nacks[4], 21);
	assert_int_equal(c.parts[4].type, RTCP_REMB);
	assert_true(c.parts[4].remb_bps > 1499900);
	assert_true(c.parts[4].remb_bps <= 1500000);
	assert_int_equal(c.parts[5].type, RTCP_BYE);
	assert_int_equal(c.parts[5].sender_ssrc, 1);
}

static void
writes_the_bytes_the_rfc_draws(void **state)
{
	static const uint8_t pli[] = { 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
	static const uint8_t sdes[] = { 0x81, 202, 0, 3, 0, 0, 0, 1,
	    1, 4, 'a', 'b', 'c', 'd', 0, 0 };
	static const uint8_t nack[] = { 0x81, 205, 0, 3, 0, 0, 0, 1,
	    0, 0, 0, 2, 0, 100, 0x80, 0x01 };
	static const uint8_t remb[] = { 0x8f, 206, 0, 5, 0, 0, 0, 1,
	    0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0x03, 0xff, 0xff, 0, 0, 0, 9 };
	static const uint16_t missing[] = { 100, 101, 116 };
	const uint32_t ssrc = 9;
	uint8_t        out[64];

	(void)state;
	assert_int_equal(rtcp_write_pli(out, sizeof(out), 1, 2), sizeof(pli));
	assert_memory_equal(out, pli, sizeof(pli));
	assert_int_equal(rtcp_write_sdes(out, sizeof(out), 1, "abcd"),
	    sizeof(sdes));
	assert_memory_equal(out, sdes, sizeof(sdes));
	assert_int_equal(rtcp_write_nack(out, sizeof(out), 1, 2, missing, 3),
	    sizeof(nack));
	assert_memory_equal(out, nack, sizeof(nack));
	assert_int_equal(rtcp_write_remb(out, sizeof(out), 1, 0x3ffff, &ssrc,
	    1), sizeof(remb));
	assert_memory_equal(out, remb, sizeof(remb));
}

static void
writes_nothing_that_does_not_fit(void **state)
{
	const struct rtcp_sender_info info = { 0 };
	const uint16_t missing[] = { 1, 30, 60 };
	const uint32_t ssrc = 9;
	struct rtcp_report many[32] = { { 0 } };
	char    name[257];
	uint8_t out[1024];

	(void)state;
	memset(name, 'x', 256);
	name[256] = '\0';
	assert_int_equal(rtcp_write_sdes(out, sizeof(out), 1, name), 0);
	assert_int_equal(rtcp_write_rr(out, sizeof(out), 1, many, 32), 0);
	assert_int_equal(rtcp_write_sr(out, sizeof(out), 1, &info, many, 32),
	    0);
	assert_int_equal(rtcp_write_rr(out, sizeof(out), 1, many, 31), 752);
	assert_int_equal(rtcp_write_nack(out, sizeof(out), 1, 2, missing, 0),
	    0);
	for (size_t size = 0; size < 24; size++) {
		uint8_t *exact = exact_copy(out, size);

		assert_int_equal(rtcp_write_sr(exact, size, 1, &info, NULL, 0),
		    0);
		assert_int_equal(rtcp_write_remb(exact, size, 1, 5, &ssrc, 1),
		    0);
		assert_int_equal(rtcp_write_nack(exact, size, 1, 2, missing,
		    3), 0);
		free(exact);
	}
}

static void
accepts_only_whole_parts_of_a_cut_compound(void **state)
{
	uint8_t      bytes[256];
	const size_t len = write_compound(bytes, sizeof(bytes));
	unsigned     accepted = 0;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct rtcp_compound c;
		uint8_t             *exact = exact_copy(bytes, cut);

		c.count = 99;
		if (rtcp_parse(&c, exact, cut) == 0)
			accepted += c.count;
		else
			assert_int_equal(c.count, 99);
		free(exact);
	}
	assert_int_equal(accepted, 1 + 2 + 3 + 4 + 5);
}

static void
act_on(const struct rtcp_compound *c)
{
	uint16_t nacks[RTCP_NACKS_MAX];

	for (unsigned i = 0; i < c->count; i++) {
		assert_true(rtcp_part_nacks(&c->parts[i], nacks) <=
		    RTCP_NACKS_MAX);
		for (unsigned k = 0; k < c->parts[i].report_count; k++)
			(void)rtcp_part_report(&c->parts[i], k);
	}
}

static void
stays_in_bounds_with_any_bit_flipped(void **state)
{
	uint8_t      bytes[256];
	const size_t len = write_compound(bytes, sizeof(bytes));

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct rtcp_compound c;
		uint8_t             *exact = exact_copy(bytes, len);

		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (rtcp_parse(&c, exact, len) == 0)
			act_on(&c);
		free(exact);
	}
}

static void
refuses_counts_that_lie(void **state)
{
	static const struct {
		uint8_t bytes[28];
		size_t  len;
	} lies[] = {
		/* RR says one block, has none */
		{ { 0x81, 201, 0, 1, 0, 0, 0, 1 }, 8 },
		/* SDES item longer than the chunk */
		{ { 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 0 }, 12 },
		/* BYE with more sources than words, and a long reason */
		{ { 0x82, 203, 0, 1, 0, 0, 0, 1 }, 8 },
		{ { 0x81, 203, 0, 2, 0, 0, 0, 1, 9, 'b', 'y', 'e' }, 12 },
		/* NACK and FIR without an entry */
		{ { 0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 }, 12 },
		{ { 0x84, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0 }, 12 },
		/* REMB with a source too many, and of more than 64 bits */
		{ { 0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0,
		    'R', 'E', 'M', 'B', 1, 0, 0, 1 }, 20 },
		{ { 0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0,
		    'R', 'E', 'M', 'B', 0, 0xff, 0xff, 0xff }, 20 },
		/* version 1; padding of nothing, of too much */
		{ { 0x40, 201, 0, 1, 0, 0, 0, 1 }, 8 },
		{ { 0xa0, 201, 0, 0 }, 4 },
		{ { 0xa0, 201, 0, 1, 0, 0, 0, 8 }, 8 },
	};
	struct rtcp_compound c;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_int_equal(rtcp_parse(&c, lies[i].bytes, lies[i].len),
		    -EBADMSG);
}

static void
refuses_a_thirty_third_part(void **state)
{
	uint8_t              bytes[33 * 8];
	struct rtcp_compound c;

	(void)state;
	for (size_t i = 0; i < 33; i++)
		rtcp_write_rr(bytes + i * 8, 8, 1, NULL, 0);
	assert_int_equal(rtcp_parse(&c, bytes, 32 * 8), 0);
	assert_int_equal(c.count, 32);
	assert_int_equal(rtcp_parse(&c, bytes, 33 * 8), -EBADMSG);
}

static void
takes_padding_off(void **state)
{
	/* A NACK with four bytes of padding, then a PLI. */
	static const uint8_t bytes[] = { 0xa1, 205, 0, 4, 0, 0, 0, 1,
	    0, 0, 0, 2, 0, 7, 0, 0, 0, 0, 0, 4,
	    0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
	struct rtcp_compound c;
	uint16_t             nacks[RTCP_NACKS_MAX];

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(rtcp_part_nacks(&c.parts[0], nacks), 1);
	assert_int_equal(nacks[0], 7);
}

/* As libwebrtc sends it: one packet came, and one byte is left over. */
static void
takes_off_padding_of_less_than_four(void **state)
{
	static const uint8_t bytes[] = { 0xaf, 205, 0, 5, 0, 0, 0, 1,
	    0, 0, 0, 2, 0, 9, 0, 1, 0, 0, 1, 0, 0x20, 1, 4, 1 };
	struct rtcp_compound c;

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.parts[0].type, RTCP_TWCC);
	assert_int_equal(c.parts[0].body_len, 11);
}

static void
reads_fir_and_passes_over_the_unknown(void **state)
{
	static const uint8_t bytes[] = {
		0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 42, 0, 0, 0,
		0x80, 207, 0, 1, 0, 0, 0, 1,
		0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 'G', 'O', 'O', 'G',
	};
	struct rtcp_compound c;

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.parts[0].type, RTCP_FIR);
	assert_int_equal(c.parts[0].media_ssrc, 5);
	assert_int_equal(c.parts[0].fir_sequence, 42);
	assert_int_equal(c.parts[1].type, RTCP_OTHER);
	assert_int_equal(c.parts[2].type, RTCP_OTHER);
}

static void
names_no_more_than_256_missing(void **state)
{
	uint8_t bytes[12 + 20 * 4] = { 0x81, 205, 0, 22 };
	struct rtcp_compound c;
	uint16_t nacks[RTCP_NACKS_MAX];

	(void)state;
	memset(bytes + 12, 0xff, 80);
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	assert_int_equal(rtcp_part_nacks(&c.parts[0], nacks), RTCP_NACKS_MAX);
}

static void
checks_transport_feedback_to_its_end(void **state)
{
	/* Run of 3 small, 7 by vector of 2 bits (2 large): 3 + 5 + 4 bytes. */
	uint8_t bytes[36] = { 0x8f, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2,
	    0xff, 0xfe, 0, 10, 0, 0, 1, 7, 0x20, 3, 0xd5, 0x5a };
	struct rtcp_compound c;

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	assert_int_equal(c.parts[0].type, RTCP_TWCC);
	assert_int_equal(c.parts[0].body_len, 24);
	bytes[3] = 7;			/* 8 bytes of delta: too few */
	assert_int_equal(rtcp_parse(&c, bytes, 32), -EBADMSG);
	bytes[3] = 8;
	bytes[15] = 255;		/* more statuses than chunks tell */
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), -EBADMSG);
	bytes[15] = 10;
	bytes[20] = 0x60;		/* the reserved symbol */
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), -EBADMSG);
	bytes[20] = 0x20;
	bytes[14] = 0x1f;		/* 8000 statuses */
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), -EBADMSG);
}

static void
transport_feedback_tells_of_2000_statuses_at_most(void **state)
{
	/* One run of packets that did not come: no deltas. */
	uint8_t bytes[24] = { 0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2,
	    0, 0, 0x07, 0xd0, 0, 0, 1, 7, 0x1f, 0xff };
	struct rtcp_compound c;

	(void)state;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), 0);
	bytes[15]++;
	assert_int_equal(rtcp_parse(&c, bytes, sizeof(bytes)), -EBADMSG);
}

static void
ntp_time_counts_from_1900(void **state)
{
	(void)state;
	assert_true(rtcp_ntp_from_us(0) == UINT64_C(2208988800) << 32);
	assert_true(rtcp_ntp_from_us(1500000) ==
	    ((UINT64_C(2208988801) << 32) | 0x80000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(writes_the_bytes_the_rfc_draws),
		cmocka_unit_test(writes_nothing_that_does_not_fit),
		cmocka_unit_test(accepts_only_whole_parts_of_a_cut_compound),
		cmocka_unit_test(stays_in_bounds_with_any_bit_flipped),
		cmocka_unit_test(refuses_counts_that_lie),
		cmocka_unit_test(refuses_a_thirty_third_part),
		cmocka_unit_test(takes_padding_off),
		cmocka_unit_test(takes_off_padding_of_less_than_four),
		cmocka_unit_test(reads_fir_and_passes_over_the_unknown),
		cmocka_unit_test(names_no_more_than_256_missing),
		cmocka_unit_test(checks_transport_feedback_to_its_end),
		cmocka_unit_test(
		    transport_feedback_tells_of_2000_statuses_at_most),
		cmocka_unit_test(ntp_time_counts_from_1900),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
