/*
 * How long an Opus packet lasts, by RFC 6716, 3.1 and 3.2.
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
#include "rtp/payload_opus.h"

static int
duration_of(const uint8_t *bytes, size_t len)
{
	uint8_t  *exact = exact_copy(bytes, len);
	const int duration = payload_opus_duration(exact, len);

	free(exact);
	return duration;
}

static void
each_configuration_has_its_frame_size(void **state)
{
	static const int sizes[32] = {
		480, 960, 1920, 2880, 480, 960, 1920, 2880,
		480, 960, 1920, 2880, 480, 960, 480, 960,
		120, 240, 480, 960, 120, 240, 480, 960,
		120, 240, 480, 960, 120, 240, 480, 960,
	};

	(void)state;
	for (unsigned config = 0; config < 32; config++) {
		const uint8_t toc = (uint8_t)(config << 3);

		assert_int_equal(duration_of(&toc, 1), sizes[config]);
	}
}

static void
counts_the_frames_of_each_code(void **state)
{
	static const uint8_t two_equal[] = { 0x78 | 1, 1, 2, 3, 4 };
	static const uint8_t two_odd[] = { 0x78 | 1, 1, 2, 3 };
	static const uint8_t two_of_own_size[] = { 0x78 | 2, 2, 1, 2, 3 };
	static const uint8_t six[] = { 0x78 | 3, 0x80 | 6 };
	static const uint8_t seven[] = { 0x78 | 3, 7 };
	static const uint8_t none[] = { 0x78 | 3, 0x40 };
	static const uint8_t many_short[] = { 0x80 | 3, 48 };

	(void)state;
	assert_int_equal(duration_of(two_equal, 5), 1920);
	assert_int_equal(duration_of(two_odd, 4), -EBADMSG);
	assert_int_equal(duration_of(two_of_own_size, 5), 1920);
	assert_int_equal(duration_of(two_of_own_size, 3), -EBADMSG);
	assert_int_equal(duration_of(six, 2), 5760);
	assert_int_equal(duration_of(seven, 2), -EBADMSG);
	assert_int_equal(duration_of(none, 2), -EBADMSG);
	assert_int_equal(duration_of(many_short, 2), 5760);
	assert_int_equal(duration_of(many_short, 1), -EBADMSG);
}

static void
a_first_frame_may_have_a_length_of_two_bytes(void **state)
{
	uint8_t bytes[3 + 256] = { 0x78 | 2, 252, 1 };

	(void)state;
	assert_int_equal(duration_of(bytes, 3 + 256), 1920);
	assert_int_equal(duration_of(bytes, 3 + 255), -EBADMSG);
	assert_int_equal(duration_of(bytes, 2), -EBADMSG);
}

static void
nothing_is_no_packet(void **state)
{
	(void)state;
	assert_int_equal(payload_opus_duration(NULL, 0), -EBADMSG);
}

static void
any_two_bytes_last_at_most_120_ms(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		const uint8_t bytes[] = { (uint8_t)(i >> 8), (uint8_t)i };
		const int     d = payload_opus_duration(bytes, 2);

		assert_true(d == -EBADMSG || (d >= 120 && d <= 5760));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_configuration_has_its_frame_size),
		cmocka_unit_test(counts_the_frames_of_each_code),
		cmocka_unit_test(a_first_frame_may_have_a_length_of_two_bytes),
		cmocka_unit_test(nothing_is_no_packet),
		cmocka_unit_test(any_two_bytes_last_at_most_120_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
