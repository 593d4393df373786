/*
 * Sound that is sent again: by plan, and when it is asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/sound_history.h"

#define TICK_US 20000

static const struct sound_repeats never = { 0 };
static const struct sound_repeats twice = { 2, { 20000, 60000 } };

static struct sound_history *
history(void)
{
	struct sound_history *h;

	assert_int_equal(sound_history_new(&h), 0);
	return h;
}

static void
add(struct sound_history *h, uint16_t sequence, int64_t now_us)
{
	const uint8_t bytes[2] = { (uint8_t)(sequence >> 8),
		(uint8_t)sequence };

	sound_history_add(h, sequence, bytes, sizeof(bytes), now_us);
}

static void
repeats_each_packet_when_its_time_has_come(void **state)
{
	struct sound_history *h = history();
	unsigned              again[100] = { 0 };

	(void)state;
	for (unsigned tick = 0; tick < 100; tick++) {
		const int64_t            now_us = 1000000 + tick * TICK_US;
		const uint16_t           sequence = (uint16_t)(65500 + tick);
		const struct sound_sent *s;

		add(h, sequence, now_us);
		while ((s = sound_history_due(h, &twice, now_us)) != NULL) {
			const unsigned of = (uint16_t)(s->sequence - 65500);

			assert_int_equal(s->bytes[1], (uint8_t)s->sequence);
			assert_int_equal(tick - of, again[of] == 0 ? 1 : 3);
			again[of]++;
		}
	}
	for (unsigned tick = 0; tick < 97; tick++)
		assert_int_equal(again[tick], 2);
	sound_history_free(h);
}

static void
repeats_nothing_that_is_long_past(void **state)
{
	struct sound_history *h = history();

	(void)state;
	add(h, 7, 1000000);
	assert_null(sound_history_due(h, &twice, 1000000));
	assert_null(sound_history_due(h, &never, 1020000));
	assert_null(sound_history_due(h, &twice, 1400000));
	/* Nor all at once when the clock stood still for a while. */
	add(h, 8, 2000000);
	assert_non_null(sound_history_due(h, &twice, 2090000));
	assert_null(sound_history_due(h, &twice, 2090000));
	assert_non_null(sound_history_due(h, &twice, 2110000));
	assert_null(sound_history_due(h, &twice, 2130000));
	sound_history_free(h);
}

static void
answers_three_times_and_not_too_soon(void **state)
{
	struct sound_history *h = history();
	unsigned              answers = 0;

	(void)state;
	add(h, 65535, 1000000);
	add(h, 0, 1020000);
	for (int64_t us = 1020000; us < 1500000; us += 5000)
		answers += sound_history_asked(h, 65535, &never, 60000, us) !=
		    NULL;
	assert_int_equal(answers, 3);
	assert_null(sound_history_asked(h, 0, &never, 60000, 1049000));
	assert_non_null(sound_history_asked(h, 0, &never, 60000, 1050000));
	assert_null(sound_history_asked(h, 0, &never, 60000, 1079000));
	assert_null(sound_history_asked(h, 1, &never, 60000, 1100000));
	/* After 600 ms it would come too late. */
	assert_null(sound_history_asked(h, 0, &never, 60000, 1621000));
	assert_true(sound_history_missed(h, 0));
	assert_false(sound_history_missed(h, 0));
	assert_false(sound_history_missed(h, 5));
	sound_history_free(h);
}

static void
leaves_to_the_plan_what_comes_anyway(void **state)
{
	struct sound_history *h = history();

	(void)state;
	add(h, 9, 1000000);
	/* Repeats are due at 20 and 60 ms. */
	assert_null(sound_history_asked(h, 9, &twice, 20000, 1015000));
	assert_non_null(sound_history_due(h, &twice, 1020000));
	assert_non_null(sound_history_asked(h, 9, &twice, 20000, 1030000));
	assert_null(sound_history_asked(h, 9, &twice, 20000, 1045000));
	assert_non_null(sound_history_due(h, &twice, 1060000));
	assert_non_null(sound_history_asked(h, 9, &twice, 20000, 1080000));
	sound_history_free(h);
}

static void
forgets_what_is_old_or_too_long(void **state)
{
	struct sound_history *h = history();
	uint8_t               bytes[SOUND_BYTES_MAX + 1] = { 0 };

	(void)state;
	for (uint16_t i = 0; i <= SOUND_HISTORY_LEN; i++)
		add(h, i, 1000000);
	assert_null(sound_history_asked(h, 0, &never, 0, 1100000));
	assert_non_null(sound_history_asked(h, 1, &never, 0, 1100000));
	sound_history_add(h, 65, bytes, sizeof(bytes), 1000000);
	assert_null(sound_history_asked(h, 65, &never, 0, 1100000));
	sound_history_add(h, 66, bytes, sizeof(bytes) - 1, 1000000);
	assert_non_null(sound_history_asked(h, 66, &never, 0, 1100000));
	sound_history_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_each_packet_when_its_time_has_come),
		cmocka_unit_test(repeats_nothing_that_is_long_past),
		cmocka_unit_test(answers_three_times_and_not_too_soon),
		cmocka_unit_test(leaves_to_the_plan_what_comes_anyway),
		cmocka_unit_test(forgets_what_is_old_or_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
