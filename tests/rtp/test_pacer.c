/*
 * When packets to a peer leave.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/pacer.h"

static struct pacer p;
static int64_t now_us;

static void
begin(int64_t target_bps)
{
	now_us = 1000000;
	pacer_init(&p, target_bps, now_us);
}

static void
push(enum pacer_class class, unsigned count, uint16_t bytes)
{
	for (unsigned i = 0; i < count; i++) {
		const struct pacer_item item = { now_us, (uint16_t)i, bytes };

		assert_true(pacer_push(&p, class, &item));
	}
}

/* Bytes that leave within so long, in turns as the pacer asks for them. */
static int64_t
leave(int64_t us)
{
	const int64_t end_us = now_us + us;
	int64_t       bytes = 0;

	while (now_us < end_us) {
		enum pacer_class  class;
		struct pacer_item item;
		int64_t           next_us;

		while (pacer_pull(&p, &class, &item, now_us))
			bytes += item.bytes;
		next_us = pacer_next_us(&p, now_us);
		now_us = next_us < end_us ? next_us : end_us;
	}
	return bytes;
}

static void
a_fat_line_is_paced_at_two_and_a_half(void **state)
{
	(void)state;
	begin(2000000);
	push(PACER_VIDEO, 600, 1200);
	assert_in_range(leave(1000000), 2000000 / 8 * 2.4,
	    2000000 / 8 * 2.6);
}

static void
a_thin_line_is_paced_at_little_more_than_it_carries(void **state)
{
	(void)state;
	begin(100000);
	push(PACER_VIDEO, 100, 1000);
	assert_in_range(leave(4000000), 100000 / 8 * 4 * 1.2,
	    100000 / 8 * 4 * 1.3 + 1000);
}

static void
an_idle_line_takes_a_packet_at_once(void **state)
{
	enum pacer_class  class;
	struct pacer_item item;

	(void)state;
	begin(100000);
	assert_int_equal(pacer_next_us(&p, now_us), INT64_MAX);
	push(PACER_VIDEO, 2, 1000);
	assert_true(pacer_pull(&p, &class, &item, now_us));
	assert_int_equal(item.sequence, 0);
	assert_false(pacer_pull(&p, &class, &item, now_us));
	assert_true(pacer_next_us(&p, now_us) > now_us);
	assert_true(pacer_next_us(&p, now_us) < now_us + 100000);
}

static void
resends_go_before_new_video(void **state)
{
	enum pacer_class  class;
	struct pacer_item item;

	(void)state;
	begin(10000000);
	push(PACER_VIDEO, 2, 100);
	push(PACER_RESEND, 2, 100);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(pacer_pull(&p, &class, &item, now_us));
		assert_int_equal(class, i < 2 ? PACER_RESEND : PACER_VIDEO);
		assert_int_equal(item.sequence, i % 2);
	}
}

static void
sound_is_counted_and_leaves_less_for_video(void **state)
{
	int64_t video = 0;

	(void)state;
	begin(100000);
	push(PACER_VIDEO, 200, 500);
	for (unsigned i = 0; i < 100; i++) {
		pacer_count(&p, 125, now_us);	/* 50 kbit/s */
		video += leave(20000);
	}
	assert_in_range(video, 75000 / 8 * 2 * 0.9, 75000 / 8 * 2 * 1.1);
}

static void
the_debt_is_bounded(void **state)
{
	(void)state;
	begin(100000);
	pacer_count(&p, 1000000, now_us);
	push(PACER_VIDEO, 1, 500);
	assert_int_equal(leave(400000), 0);
	assert_int_equal(leave(200000), 500);
}

static void
a_full_queue_takes_no_more_and_can_be_dropped(void **state)
{
	const struct pacer_item item = { 0, 0, 100 };

	(void)state;
	begin(100000);
	push(PACER_VIDEO, PACER_ITEMS, 100);
	assert_false(pacer_push(&p, PACER_VIDEO, &item));
	now_us += 700000;
	assert_int_equal(pacer_delay_us(&p, now_us), 700000);
	pacer_drop(&p, PACER_VIDEO);
	assert_int_equal(pacer_delay_us(&p, now_us), 0);
	assert_int_equal(p.queued_bytes, 0);
	assert_true(pacer_push(&p, PACER_VIDEO, &item));
}

static void
a_probe_is_padding_at_its_own_rate(void **state)
{
	const struct probe probe = { .id = 5, .bps = 2000000, .bytes = 5000,
	    .packets = 5 };
	const int64_t      begin_us = 1000000;
	int64_t            bytes = 0;
	unsigned           packets = 0;

	(void)state;
	begin(100000);
	pacer_begin_probe(&p, &probe, now_us);
	while (pacer_probe_id(&p) == 5) {
		size_t padding;

		while ((padding = pacer_padding(&p, now_us)) > 0) {
			pacer_padded(&p, padding, now_us);
			bytes += (int64_t)padding;
			packets++;
		}
		if (pacer_probe_id(&p) != 0)
			now_us = pacer_next_us(&p, now_us);
	}
	assert_in_range(bytes, 5000, 5300);
	assert_in_range(packets, 15, 30);
	assert_in_range(now_us - begin_us, 16000, 24000);
}

static void
what_waits_goes_into_a_probe_before_padding(void **state)
{
	const struct probe probe = { .id = 5, .bps = 2000000, .bytes = 5000,
	    .packets = 5 };

	(void)state;
	begin(100000);
	push(PACER_VIDEO, 10, 1000);
	pacer_begin_probe(&p, &probe, now_us);
	assert_int_equal(pacer_padding(&p, now_us), 0);
	assert_in_range(leave(24000), 5000, 6000);
	assert_int_equal(pacer_probe_id(&p), 0);
}

static void
without_a_target_nothing_leaves_and_nothing_breaks(void **state)
{
	(void)state;
	begin(0);
	push(PACER_VIDEO, 3, 1000);
	pacer_count(&p, 100, now_us);
	assert_int_equal(leave(1000000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fat_line_is_paced_at_two_and_a_half),
		cmocka_unit_test(a_thin_line_is_paced_at_little_more_than_it_carries),
		cmocka_unit_test(an_idle_line_takes_a_packet_at_once),
		cmocka_unit_test(resends_go_before_new_video),
		cmocka_unit_test(sound_is_counted_and_leaves_less_for_video),
		cmocka_unit_test(the_debt_is_bounded),
		cmocka_unit_test(a_full_queue_takes_no_more_and_can_be_dropped),
		cmocka_unit_test(a_probe_is_padding_at_its_own_rate),
		cmocka_unit_test(what_waits_goes_into_a_probe_before_padding),
		cmocka_unit_test(without_a_target_nothing_leaves_and_nothing_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
