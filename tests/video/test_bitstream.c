/*
 * The header of a VP8 frame.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "video/bitstream.h"

/* RFC 6386, 9.1: a key frame of 176x144 with a first partition of 4 bytes. */
static const uint8_t key_frame[] = { 0x90, 0x00, 0x00, 0x9d, 0x01, 0x2a,
	176, 0, 144, 0, 1, 2, 3, 4 };
static const uint8_t inter_frame[] = { 0x91, 0x00, 0x00, 1, 2, 3, 4 };

static void
reads_the_size_of_a_key_frame(void **state)
{
	struct bitstream_info info;

	(void)state;
	assert_int_equal(bitstream_vp8(&info, key_frame, sizeof(key_frame)),
	    0);
	assert_true(info.key);
	assert_true(info.shown);
	assert_int_equal(info.width, 176);
	assert_int_equal(info.height, 144);
}

static void
leaves_the_upscaling_bits_out_of_the_size(void **state)
{
	uint8_t               frame[sizeof(key_frame)];
	struct bitstream_info info;

	(void)state;
	memcpy(frame, key_frame, sizeof(frame));
	frame[7] = 0xc0 | 0x3f;
	frame[6] = 0xff;
	frame[9] |= 0x40;
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)), 0);
	assert_int_equal(info.width, 16383);
	assert_int_equal(info.height, 144);
}

static void
knows_a_hidden_frame_and_one_between(void **state)
{
	uint8_t               frame[sizeof(inter_frame)];
	struct bitstream_info info;

	(void)state;
	memcpy(frame, inter_frame, sizeof(frame));
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)), 0);
	assert_false(info.key);
	assert_true(info.shown);
	assert_int_equal(info.width, 0);
	frame[0] &= 0xef;
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)), 0);
	assert_false(info.shown);
}

static void
refuses_what_is_no_frame(void **state)
{
	uint8_t               frame[sizeof(key_frame)];
	struct bitstream_info info = { .width = 7 };

	(void)state;
	assert_int_equal(bitstream_vp8(&info, NULL, 0), -EBADMSG);

	memcpy(frame, key_frame, sizeof(frame));
	frame[4] = 0;		/* the start code */
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)),
	    -EBADMSG);
	memcpy(frame, key_frame, sizeof(frame));
	frame[6] = 0;		/* no width */
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)),
	    -EBADMSG);
	memcpy(frame, key_frame, sizeof(frame));
	frame[0] |= 4 << 1;	/* a version nobody defined */
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)),
	    -EBADMSG);
	memcpy(frame, key_frame, sizeof(frame));
	frame[0] |= 0xe0;	/* a first partition longer than the frame */
	assert_int_equal(bitstream_vp8(&info, frame, sizeof(frame)),
	    -EBADMSG);
	assert_int_equal(info.width, 7);
}

static void
refuses_every_truncation(void **state)
{
	struct bitstream_info info;

	(void)state;
	for (size_t len = 0; len < sizeof(key_frame); len++) {
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, key_frame, len);
		assert_int_equal(bitstream_vp8(&info, exact, len), -EBADMSG);
		free(exact);
	}
}

static void
survives_every_flip_of_a_bit(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(key_frame); bit++) {
		uint8_t              *exact = malloc(sizeof(key_frame));
		struct bitstream_info info = { 0 };

		assert_non_null(exact);
		memcpy(exact, key_frame, sizeof(key_frame));
		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bitstream_vp8(&info, exact, sizeof(key_frame)) == 0) {
			assert_in_range(info.width, 0, 16383);
			assert_in_range(info.height, 0, 16383);
		}
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_size_of_a_key_frame),
		cmocka_unit_test(leaves_the_upscaling_bits_out_of_the_size),
		cmocka_unit_test(knows_a_hidden_frame_and_one_between),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_flip_of_a_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
