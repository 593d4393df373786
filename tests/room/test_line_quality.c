/*
 * What a person is told of the line, by seconds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/line_quality.h"

#define SECOND 1000000

/* `seconds` looks at the same line; returns what is told after the last. */
static enum ipc_quality_reason
look(struct line_quality *q, int64_t *now_us, const struct line_look *line,
    unsigned seconds)
{
	enum ipc_quality_reason told = q->told;

	for (unsigned i = 0; i < seconds; i++) {
		*now_us += SECOND;
		told = line_quality_look(q, line, *now_us);
	}
	return told;
}

static void
says_nothing_of_a_good_line(void **state)
{
	const struct line_look good = { 3, 3, 120000, false, false, false };
	struct line_quality    q;
	int64_t                now_us = 5 * SECOND;

	(void)state;
	line_quality_init(&q, now_us);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(look(&q, &now_us, &good, 1),
		    IPC_QUALITY_FINE);
}

static void
tells_each_reason_within_six_seconds(void **state)
{
	static const struct {
		struct line_look        line;
		enum ipc_quality_reason reason;
	} cases[] = {
		{ { 13, 0, 0, true, false, false }, IPC_QUALITY_UP_RATE },
		{ { 13, 0, 0, false, false, false }, IPC_QUALITY_UP_LOSS },
		{ { 0, 13, 0, false, false, false }, IPC_QUALITY_DOWN_LOSS },
		{ { 0, 0, 0, false, true, false }, IPC_QUALITY_DOWN_RATE },
		{ { 0, 0, 400000, false, false, false }, IPC_QUALITY_DELAY },
		{ { 0, 0, 0, false, false, true }, IPC_QUALITY_BUSY },
		{ { 99, 99, 900000, false, true, true }, IPC_QUALITY_BUSY },
		{ { 99, 99, 900000, false, true, false }, IPC_QUALITY_UP_LOSS },
	};
	struct line_quality q;
	int64_t             now_us = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		line_quality_init(&q, now_us);
		assert_int_equal(look(&q, &now_us, &cases[i].line, 1),
		    IPC_QUALITY_FINE);
		assert_int_equal(look(&q, &now_us, &cases[i].line, 9),
		    cases[i].reason);
	}
}

static void
takes_it_back_after_five_good_seconds(void **state)
{
	const struct line_look cut = { 0, 0, 0, false, true, false };
	const struct line_look good = { 0, 0, 0, false, false, false };
	struct line_quality    q;
	int64_t                now_us = 0;

	(void)state;
	line_quality_init(&q, now_us);
	assert_int_equal(look(&q, &now_us, &cut, 4), IPC_QUALITY_DOWN_RATE);
	assert_int_equal(look(&q, &now_us, &good, 5), IPC_QUALITY_DOWN_RATE);
	assert_int_equal(look(&q, &now_us, &cut, 1), IPC_QUALITY_DOWN_RATE);
	assert_int_equal(look(&q, &now_us, &good, 5), IPC_QUALITY_DOWN_RATE);
	assert_int_equal(look(&q, &now_us, &good, 1), IPC_QUALITY_FINE);
}

static void
does_not_mind_one_bad_second(void **state)
{
	const struct line_look burst = { 40, 40, 500000, false, false, false };
	const struct line_look good = { 0, 0, 30000, false, false, false };
	struct line_quality    q;
	int64_t                now_us = 0;

	(void)state;
	line_quality_init(&q, now_us);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(look(&q, &now_us, &burst, 1),
		    IPC_QUALITY_FINE);
		assert_int_equal(look(&q, &now_us, &good, 9),
		    IPC_QUALITY_FINE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_nothing_of_a_good_line),
		cmocka_unit_test(tells_each_reason_within_six_seconds),
		cmocka_unit_test(takes_it_back_after_five_good_seconds),
		cmocka_unit_test(does_not_mind_one_bad_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
