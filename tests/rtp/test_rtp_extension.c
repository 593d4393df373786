/*
 * Header extension elements in both forms, whole and damaged.
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
#include "rtp/rtp_extension.h"

static struct rtp_packet
packet_with(uint16_t profile, const uint8_t *block, size_t len)
{
	const struct rtp_packet p = { .extension_profile = profile,
	    .extension = block, .extension_len = len };

	return p;
}

/* RFC 8285, 4.2: the example with padding between and after. */
static const uint8_t one_byte[] = {
	0x10, 0xa2, 0x21, 0xbe, 0xef, 0x00, 0x00, 0x32, 1, 2, 3, 0x00,
};

static const uint8_t two_byte[] = {
	1, 0, 2, 1, 0x85, 0, 99, 4, 1, 2, 3, 4,
};

static void
finds_elements_of_the_one_byte_form(void **state)
{
	const struct rtp_packet p = packet_with(0xbede, one_byte,
	    sizeof(one_byte));
	size_t len = 0;

	(void)state;
	assert_ptr_equal(rtp_extension_find(&p, 1, &len), one_byte + 1);
	assert_int_equal(len, 1);
	assert_ptr_equal(rtp_extension_find(&p, 2, &len), one_byte + 3);
	assert_int_equal(len, 2);
	assert_ptr_equal(rtp_extension_find(&p, 3, &len), one_byte + 8);
	assert_int_equal(len, 3);
	assert_null(rtp_extension_find(&p, 4, &len));
	assert_null(rtp_extension_find(&p, 0, &len));
}

static void
finds_elements_of_the_two_byte_form(void **state)
{
	const struct rtp_packet p = packet_with(0x1005, two_byte,
	    sizeof(two_byte));
	size_t  len = 9;
	uint8_t level = 0;
	bool    voice = false;

	(void)state;
	assert_non_null(rtp_extension_find(&p, 1, &len));
	assert_int_equal(len, 0);
	assert_ptr_equal(rtp_extension_find(&p, 99, &len), two_byte + 8);
	assert_int_equal(len, 4);
	assert_true(rtp_extension_audio_level(&p, 2, &level, &voice));
	assert_int_equal(level, 5);
	assert_true(voice);
}

static void
knows_no_other_profile(void **state)
{
	const struct rtp_packet p = packet_with(0xabac, one_byte,
	    sizeof(one_byte));
	const struct rtp_packet none = packet_with(0xbede, NULL, 0);
	size_t len = 0;

	(void)state;
	assert_null(rtp_extension_find(&p, 1, &len));
	assert_null(rtp_extension_find(&none, 1, &len));
}

static void
stops_at_id_15_and_at_padding_with_a_length(void **state)
{
	static const uint8_t stop[] = { 0x10, 1, 0xf0, 0, 0x20, 2, 0, 0 };
	static const uint8_t pad[] = { 0x10, 1, 0x01, 0, 0x20, 2, 0, 0 };
	const struct rtp_packet p = packet_with(0xbede, stop, sizeof(stop));
	const struct rtp_packet q = packet_with(0xbede, pad, sizeof(pad));
	size_t len = 0;

	(void)state;
	assert_non_null(rtp_extension_find(&p, 1, &len));
	assert_null(rtp_extension_find(&p, 15, &len));
	assert_null(rtp_extension_find(&p, 2, &len));
	assert_non_null(rtp_extension_find(&q, 1, &len));
	assert_null(rtp_extension_find(&q, 2, &len));
}

static void
reads_level_and_transport_sequence(void **state)
{
	static const uint8_t block[] = { 0x10, 0x7f, 0x31, 0xff, 0xfe, 0, 0, 0 };
	const struct rtp_packet p = packet_with(0xbede, block, sizeof(block));
	uint8_t  level = 0;
	bool     voice = true;
	uint16_t sequence = 0;

	(void)state;
	assert_true(rtp_extension_audio_level(&p, 1, &level, &voice));
	assert_int_equal(level, 127);
	assert_false(voice);
	assert_true(rtp_extension_transport_sequence(&p, 3, &sequence));
	assert_int_equal(sequence, 0xfffe);
	assert_false(rtp_extension_audio_level(&p, 0, &level, &voice));
	assert_false(rtp_extension_audio_level(&p, 3, &level, &voice));
	assert_false(rtp_extension_transport_sequence(&p, 1, &sequence));
	assert_false(rtp_extension_transport_sequence(&p, 0, &sequence));
}

static void
look_for_every_id(uint16_t profile, const uint8_t *block, size_t len)
{
	const struct rtp_packet p = packet_with(profile, block, len);

	for (unsigned id = 0; id <= 255; id++) {
		size_t         element_len = 0;
		const uint8_t *element = rtp_extension_find(&p, (uint8_t)id,
		    &element_len);

		if (element)
			assert_true(element >= block &&
			    element + element_len <= block + len);
	}
}

static void
survives_every_truncation_and_bit_flip(void **state)
{
	static const struct {
		uint16_t       profile;
		const uint8_t *block;
		size_t         len;
	} blocks[] = {
		{ 0xbede, one_byte, sizeof(one_byte) },
		{ 0x1000, two_byte, sizeof(two_byte) },
	};

	(void)state;
	for (size_t b = 0; b < 2; b++) {
		const size_t whole = blocks[b].len;

		for (size_t len = 0; len <= whole; len++) {
			uint8_t *exact = exact_copy(blocks[b].block, len);

			look_for_every_id(blocks[b].profile, exact, len);
			free(exact);
		}
		for (size_t bit = 0; bit < whole * 8; bit++) {
			uint8_t *exact = exact_copy(blocks[b].block, whole);

			exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
			look_for_every_id(blocks[b].profile, exact, whole);
			free(exact);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_elements_of_the_one_byte_form),
		cmocka_unit_test(finds_elements_of_the_two_byte_form),
		cmocka_unit_test(knows_no_other_profile),
		cmocka_unit_test(stops_at_id_15_and_at_padding_with_a_length),
		cmocka_unit_test(reads_level_and_transport_sequence),
		cmocka_unit_test(survives_every_truncation_and_bit_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
