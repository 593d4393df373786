/*
 * RTP packets: read and written as RFC 3550, 5.1 draws them.
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
#include "rtp/rtp_packet.h"

/* Opus of a browser: audio level and transport sequence, one-byte form. */
static const uint8_t opus_packet[] = {
	0x90, 0x6f, 0x12, 0x34, 0x00, 0x01, 0x51, 0x80,
	0xca, 0xfe, 0xba, 0xbe,
	0xbe, 0xde, 0x00, 0x02,
	0x10, 0xa2, 0x31, 0x00, 0x07, 0x00, 0x00, 0x00,
	0x78, 0x01, 0x02, 0x03, 0x04,
};

static void
reads_a_packet_of_a_browser(void **state)
{
	struct rtp_packet p;

	(void)state;
	assert_int_equal(rtp_packet_parse(&p, opus_packet,
	    sizeof(opus_packet)), 0);
	assert_int_equal(p.payload_type, 111);
	assert_false(p.marker);
	assert_int_equal(p.sequence, 0x1234);
	assert_int_equal(p.timestamp, 86400);
	assert_int_equal(p.ssrc, 0xcafebabe);
	assert_int_equal(p.extension_profile, 0xbede);
	assert_ptr_equal(p.extension, opus_packet + 16);
	assert_int_equal(p.extension_len, 8);
	assert_ptr_equal(p.payload, opus_packet + 24);
	assert_int_equal(p.payload_len, 5);
	assert_int_equal(p.padding_len, 0);
}

static void
skips_contributing_sources(void **state)
{
	static const uint8_t bytes[] = {
		0x82, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3,
		0, 0, 0, 4, 0, 0, 0, 5, 0xaa,
	};
	struct rtp_packet p;

	(void)state;
	assert_int_equal(rtp_packet_parse(&p, bytes, sizeof(bytes)), 0);
	assert_true(p.marker);
	assert_int_equal(p.payload_type, 0);
	assert_null(p.extension);
	assert_int_equal(p.payload_len, 1);
	assert_int_equal(p.payload[0], 0xaa);
	assert_int_equal(rtp_packet_parse(&p, bytes, 19), -EBADMSG);
}

static void
removes_padding_but_no_more_than_there_is(void **state)
{
	uint8_t bytes[] = {
		0xa0, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x11, 0x22, 0, 2,
	};
	struct rtp_packet p;

	(void)state;
	assert_int_equal(rtp_packet_parse(&p, bytes, sizeof(bytes)), 0);
	assert_int_equal(p.payload_len, 2);
	assert_int_equal(p.padding_len, 2);
	bytes[15] = 4;			/* a probe: padding only */
	assert_int_equal(rtp_packet_parse(&p, bytes, sizeof(bytes)), 0);
	assert_int_equal(p.payload_len, 0);
	assert_int_equal(p.padding_len, 4);
	bytes[15] = 5;
	assert_int_equal(rtp_packet_parse(&p, bytes, sizeof(bytes)), -EBADMSG);
	bytes[15] = 0;
	assert_int_equal(rtp_packet_parse(&p, bytes, sizeof(bytes)), -EBADMSG);
	assert_int_equal(rtp_packet_parse(&p, bytes, 12), -EBADMSG);
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(opus_packet); len++) {
		struct rtp_packet p, before;
		uint8_t          *exact = exact_copy(opus_packet, len);
		int               err;

		memset(&p, 0xee, sizeof(p));
		before = p;
		err = rtp_packet_parse(&p, exact, len);
		assert_int_equal(err, len < 24 ? -EBADMSG : 0);
		if (err)
			assert_memory_equal(&p, &before, sizeof(p));
		else
			assert_int_equal(p.payload_len, len - 24);
		free(exact);
	}
}

static void
stays_in_bounds_with_any_bit_flipped(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(opus_packet); bit++) {
		struct rtp_packet p;
		uint8_t *exact = exact_copy(opus_packet, sizeof(opus_packet));
		const uint8_t *past = exact + sizeof(opus_packet);

		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (rtp_packet_parse(&p, exact, sizeof(opus_packet)) == 0) {
			assert_true(p.payload + p.payload_len +
			    p.padding_len == past);
			assert_true(p.extension == NULL || p.extension +
			    p.extension_len <= p.payload);
		}
		free(exact);
	}
}

static void
writes_the_header_it_read(void **state)
{
	struct rtp_packet p;
	uint8_t           out[24];

	(void)state;
	assert_int_equal(rtp_packet_parse(&p, opus_packet,
	    sizeof(opus_packet)), 0);
	assert_int_equal(rtp_packet_write_header(out, sizeof(out), &p), 24);
	assert_memory_equal(out, opus_packet, 24);
	assert_int_equal(rtp_packet_write_header(out, 23, &p), 0);
	p.extension_len = 7;		/* not a whole number of words */
	assert_int_equal(rtp_packet_write_header(out, sizeof(out), &p), 0);
	p.extension_len = 0;
	p.marker = true;
	assert_int_equal(rtp_packet_write_header(out, sizeof(out), &p), 12);
	assert_int_equal(out[0], 0x80);
	assert_int_equal(out[1], 0x80 | 111);
}

static void
unwraps_sequences_over_many_wraps(void **state)
{
	struct rtp_unwrap u = { 0 };
	int64_t           expected = 65530;

	(void)state;
	assert_true(rtp_unwrap_sequence(&u, 65530) == 65530);
	for (int i = 0; i < 400; i++) {
		expected += 1000;
		assert_true(rtp_unwrap_sequence(&u, (uint16_t)expected) ==
		    expected);
		assert_true(rtp_unwrap_sequence(&u,
		    (uint16_t)(expected - 3)) == expected - 3);
	}
}

static void
unwraps_below_zero_when_the_first_are_reordered(void **state)
{
	struct rtp_unwrap u = { 0 };

	(void)state;
	assert_true(rtp_unwrap_sequence(&u, 0) == 0);
	assert_true(rtp_unwrap_sequence(&u, 65535) == -1);
	assert_true(rtp_unwrap_sequence(&u, 1) == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_packet_of_a_browser),
		cmocka_unit_test(skips_contributing_sources),
		cmocka_unit_test(removes_padding_but_no_more_than_there_is),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(stays_in_bounds_with_any_bit_flipped),
		cmocka_unit_test(writes_the_header_it_read),
		cmocka_unit_test(unwraps_sequences_over_many_wraps),
		cmocka_unit_test(
		    unwraps_below_zero_when_the_first_are_reordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
