/*
 * When a missing packet is asked for, again, and given up.
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
#include "rtp/nack.h"

#define MS 1000

static uint16_t out[NACK_MISSING_MAX];

static unsigned
due(struct nack *n, int64_t now_ms, int64_t rtt_ms, bool expect_gave_up)
{
	bool           gave_up = !expect_gave_up;
	const unsigned count = nack_due(n, now_ms * MS, rtt_ms * MS, out,
	    &gave_up);

	assert_int_equal(gave_up, expect_gave_up);
	return count;
}

static void
asks_for_a_gap_after_ten_milliseconds(void **state)
{
	struct nack n;

	(void)state;
	nack_init(&n);
	assert_true(nack_next_us(&n, 0) == INT64_MAX);
	assert_false(nack_received(&n, 65534, 0));
	assert_false(nack_received(&n, 1, 100 * MS));
	assert_true(nack_next_us(&n, 0) == 110 * MS);
	assert_int_equal(due(&n, 109, 50, false), 0);
	assert_int_equal(due(&n, 110, 50, false), 2);
	assert_int_equal(out[0], 65535);
	assert_int_equal(out[1], 0);
}

static void
does_not_ask_for_the_reordered(void **state)
{
	struct nack n;

	(void)state;
	nack_init(&n);
	nack_received(&n, 1, 0);
	nack_received(&n, 3, 0);
	nack_received(&n, 2, 5 * MS);
	assert_int_equal(due(&n, 10, 50, false), 0);
	assert_true(nack_next_us(&n, 0) == INT64_MAX);
	nack_received(&n, 2, 6 * MS);		/* and again */
	nack_received(&n, 65000, 7 * MS);	/* older than the first */
	assert_int_equal(due(&n, 100, 50, false), 0);
}

static void
asks_again_once_a_round_trip(void **state)
{
	struct nack n;

	(void)state;
	nack_init(&n);
	nack_received(&n, 1, 0);
	nack_received(&n, 3, 0);
	assert_int_equal(due(&n, 10, 50, false), 1);
	assert_true(nack_next_us(&n, 50 * MS) == 60 * MS);
	assert_int_equal(due(&n, 59, 50, false), 0);
	assert_int_equal(due(&n, 60, 50, false), 1);
	assert_int_equal(due(&n, 79, 1, false), 0);	/* at least 20 ms */
	assert_int_equal(due(&n, 80, 1, false), 1);
	assert_int_equal(due(&n, 179, -1, false), 0);	/* RTT unknown */
	assert_int_equal(due(&n, 180, -1, false), 1);
}

static void
asks_ten_times_and_gives_up(void **state)
{
	struct nack n;
	unsigned    asked = 0;

	(void)state;
	nack_init(&n);
	nack_received(&n, 1, 0);
	nack_received(&n, 3, 0);
	for (int ms = 0; ms < 210; ms++)
		asked += due(&n, ms, 20, false);
	assert_int_equal(asked, 10);
	assert_int_equal(due(&n, 210, 20, true), 0);
	assert_int_equal(due(&n, 211, 20, false), 0);
	assert_int_equal(n.count, 0);
}

static void
gives_up_after_a_second(void **state)
{
	struct nack n;
	unsigned    asked = 0;

	(void)state;
	nack_init(&n);
	nack_received(&n, 1, 0);
	nack_received(&n, 3, 0);
	for (int ms = 0; ms < 1000; ms++)
		asked += due(&n, ms, 300, false);
	assert_int_equal(asked, 4);
	assert_true(nack_next_us(&n, 300 * MS) == 1000 * MS);
	assert_int_equal(due(&n, 1000, 300, true), 0);
}

static void
a_gap_too_large_is_lost_at_once(void **state)
{
	struct nack n;

	(void)state;
	nack_init(&n);
	nack_received(&n, 1, 0);
	assert_false(nack_received(&n, 258, 0));
	assert_int_equal(n.count, 256);
	assert_int_equal(due(&n, 10, 50, false), 256);
	assert_true(nack_received(&n, 260, 20 * MS));
	assert_int_equal(n.count, 0);
	assert_false(nack_received(&n, 262, 20 * MS));
	assert_int_equal(due(&n, 30, 50, false), 1);
	assert_int_equal(out[0], 261);
	assert_true(nack_received(&n, 262 + 258, 40 * MS));
}

static void
forgets_what_a_key_frame_made_moot(void **state)
{
	struct nack n;

	(void)state;
	nack_init(&n);
	nack_received(&n, 65530, 0);
	nack_received(&n, 65533, 0);
	nack_received(&n, 4, 0);
	assert_int_equal(n.count, 8);
	nack_forget_before(&n, 1);
	assert_int_equal(due(&n, 10, 50, false), 3);
	assert_int_equal(out[0], 1);
	assert_int_equal(out[2], 3);
	nack_forget_before(&n, 65530);
	assert_int_equal(n.count, 3);
	nack_forget_before(&n, 5);
	assert_int_equal(n.count, 0);
}

/* 10 % loss both ways, RTT 40 ms: what is asked for is what is missing. */
static void
repairs_a_lossy_stream(void **state)
{
	static int64_t resent_at[65536];
	static bool    got[65536];
	struct chance  chance = { 4711 };
	struct nack    n;
	unsigned       lost = 0, repaired = 0;

	(void)state;
	nack_init(&n);
	for (int64_t ms = 0; ms < 20000; ms++) {
		const uint16_t sent = (uint16_t)(60000 + ms);
		bool           gave_up;
		unsigned       count;

		if (chance_below(&chance, 10) > 0) {
			nack_received(&n, sent, ms * MS);
			got[sent] = true;
		} else {
			lost++;
		}
		for (unsigned i = 0; i < n.count; i++) {
			const uint16_t s = (uint16_t)n.missing[i].sequence;

			if (resent_at[s] == ms && resent_at[s] > 0) {
				nack_received(&n, s, ms * MS);
				got[s] = true;
				repaired++;
				break;
			}
		}
		count = nack_due(&n, ms * MS, 40 * MS, out, &gave_up);
		assert_false(gave_up);
		for (unsigned i = 0; i < count; i++) {
			assert_false(got[out[i]]);
			if (chance_below(&chance, 10) > 0)
				resent_at[out[i]] = ms + 40;
		}
	}
	assert_true(lost > 1800);
	assert_true(lost - repaired < 20);
}

static void
never_misses_more_than_it_can_hold(void **state)
{
	struct chance chance = { 5 };
	struct nack   n;

	(void)state;
	nack_init(&n);
	for (int64_t i = 0; i < 200000; i++) {
		bool    gave_up;
		int64_t before = INT64_MIN;

		nack_received(&n, (uint16_t)chance_below(&chance, 65536), i);
		if (chance_below(&chance, 4) == 0)
			nack_received(&n, (uint16_t)(n.highest +
			    chance_below(&chance, 60)), i);
		if (chance_below(&chance, 50) == 0)
			nack_forget_before(&n,
			    (uint16_t)chance_below(&chance, 65536));
		if (chance_below(&chance, 8) == 0)
			(void)nack_due(&n, i, 0, out, &gave_up);
		assert_true(n.count <= NACK_MISSING_MAX);
		for (unsigned k = 0; k < n.count; k++) {
			assert_true(n.missing[k].sequence > before);
			before = n.missing[k].sequence;
		}
		assert_true(n.count == 0 || before < n.highest);
	}
}

static void
sound_is_asked_for_while_the_answer_can_come_in_time(void **state)
{
	struct nack n;
	unsigned    asked;
	int64_t     last_ms = 0;
	bool        gave_up;

	(void)state;
	for (int64_t rtt_ms = 0; rtt_ms < 400; rtt_ms += 10) {
		asked = 0;
		nack_init_sound(&n);
		nack_received(&n, 65535, 0);
		nack_received(&n, 1, 20 * MS);
		for (int64_t ms = 20; ms < 400; ms++) {
			const unsigned count = nack_due(&n, ms * MS,
			    rtt_ms * MS, out, &gave_up);

			assert_true(count == 0 || ms + rtt_ms <= 360);
			/* The first answer is waited for, then it is urgent. */
			if (count > 0 && asked > 0)
				assert_int_equal(ms - last_ms, asked > 1 ||
				    rtt_ms < 10 ? 20 : rtt_ms + 10);
			if (count > 0)
				last_ms = ms;
			asked += count;
		}
		assert_int_equal(asked, rtt_ms < 70 ? 12 : rtt_ms <= 160 ?
		    2 + (340 - 15 - 2 * rtt_ms) / 20 : rtt_ms <= 330 ? 1 : 0);
		assert_true(nack_next_us(&n, rtt_ms * MS) == INT64_MAX);
	}
}

static void
sound_that_was_asked_for_is_known_when_it_comes(void **state)
{
	struct nack n;

	(void)state;
	nack_init_sound(&n);
	nack_received(&n, 7, 0);
	nack_received(&n, 10, 60 * MS);
	assert_false(nack_asked(&n, 8));
	assert_int_equal(due(&n, 65, 60, false), 2);
	assert_true(nack_asked(&n, 8) && nack_asked(&n, 9));
	assert_false(nack_asked(&n, 7) || nack_asked(&n, 10) ||
	    nack_asked(&n, 11));
	nack_received(&n, 8, 130 * MS);
	assert_false(nack_asked(&n, 8));
	assert_true(nack_asked(&n, 9));
	/* A second of silence is let go, not asked for. */
	assert_true(nack_received(&n, 60, 1200 * MS));
	assert_int_equal(due(&n, 1210, 60, false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_a_gap_after_ten_milliseconds),
		cmocka_unit_test(does_not_ask_for_the_reordered),
		cmocka_unit_test(asks_again_once_a_round_trip),
		cmocka_unit_test(asks_ten_times_and_gives_up),
		cmocka_unit_test(gives_up_after_a_second),
		cmocka_unit_test(a_gap_too_large_is_lost_at_once),
		cmocka_unit_test(forgets_what_a_key_frame_made_moot),
		cmocka_unit_test(repairs_a_lossy_stream),
		cmocka_unit_test(never_misses_more_than_it_can_hold),
		cmocka_unit_test(
		    sound_is_asked_for_while_the_answer_can_come_in_time),
		cmocka_unit_test(
		    sound_that_was_asked_for_is_known_when_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
