/*
 * The history of a rendition: what is held, and where its key frame is.
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

#include "rtp/send_history.h"

static void
add(struct send_history *h, bool key_start, bool marker)
{
	struct send_packet *p = send_history_add(h);

	p->key_start = key_start;
	p->marker = marker;
	p->payload_len = 1;
	p->payload[0] = (uint8_t)p->index;
}

static void
holds_the_last_packets_and_no_others(void **state)
{
	struct send_history *h;

	(void)state;
	assert_int_equal(send_history_new(&h, 0), -EINVAL);
	assert_int_equal(send_history_new(&h, 8), 0);
	assert_null(send_history_get(h, 0));
	assert_null(send_history_get(h, -1));
	for (int i = 0; i < 20; i++)
		add(h, false, true);
	assert_int_equal(send_history_next_index(h), 20);
	assert_null(send_history_get(h, 11));
	for (int i = 12; i < 20; i++) {
		assert_non_null(send_history_get(h, i));
		assert_int_equal(send_history_get(h, i)->index, i);
		assert_int_equal(send_history_get(h, i)->payload[0], i);
	}
	assert_null(send_history_get(h, 20));
	assert_int_equal(send_history_key_index(h), -1);
	send_history_free(h);
}

static void
forgets_all_and_goes_on_counting(void **state)
{
	struct send_history *h;

	(void)state;
	assert_int_equal(send_history_new(&h, 8), 0);
	add(h, true, true);
	add(h, false, true);
	assert_int_equal(send_history_key_index(h), 0);
	send_history_forget(h);
	assert_int_equal(send_history_next_index(h), 2);
	assert_int_equal(send_history_key_index(h), -1);
	for (int i = 0; i < 3; i++)
		assert_null(send_history_get(h, i));
	add(h, false, true);
	assert_int_equal(send_history_key_index(h), -1);
	add(h, true, true);
	assert_int_equal(send_history_key_index(h), 3);
	assert_null(send_history_get(h, 1));
	assert_int_equal(send_history_get(h, 2)->payload[0], 2);
	send_history_free(h);
}

static void
finds_the_newest_whole_key_frame(void **state)
{
	struct send_history *h;

	(void)state;
	assert_int_equal(send_history_new(&h, 8), 0);
	assert_int_equal(send_history_key_index(h), -1);
	add(h, true, false);
	assert_int_equal(send_history_key_index(h), -1);
	add(h, false, true);
	assert_int_equal(send_history_key_index(h), 0);
	add(h, false, true);
	add(h, true, false);			/* 3: not whole yet */
	assert_int_equal(send_history_key_index(h), 0);
	add(h, false, true);
	assert_int_equal(send_history_key_index(h), 3);
	add(h, true, true);			/* of one packet */
	assert_int_equal(send_history_key_index(h), 5);
	send_history_free(h);
}

static void
loses_the_key_frame_when_it_is_overwritten(void **state)
{
	struct send_history *h;

	(void)state;
	assert_int_equal(send_history_new(&h, 8), 0);
	add(h, true, false);
	add(h, false, true);
	for (int i = 2; i < 8; i++) {
		add(h, false, true);
		assert_int_equal(send_history_key_index(h), 0);
	}
	add(h, false, true);
	assert_int_equal(send_history_key_index(h), -1);
	for (int i = 0; i < 9; i++)		/* longer than the history */
		add(h, i == 0, i == 8);
	assert_int_equal(send_history_key_index(h), -1);
	send_history_free(h);
}

static void
a_slot_that_is_used_again_starts_clean(void **state)
{
	struct send_history *h;
	struct send_packet  *p;

	(void)state;
	assert_int_equal(send_history_new(&h, 1), 0);
	add(h, true, true);
	p = send_history_add(h);
	assert_false(p->key_start);
	assert_false(p->marker);
	assert_int_equal(p->payload_len, 0);
	send_history_free(h);
	send_history_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_the_last_packets_and_no_others),
		cmocka_unit_test(forgets_all_and_goes_on_counting),
		cmocka_unit_test(finds_the_newest_whole_key_frame),
		cmocka_unit_test(loses_the_key_frame_when_it_is_overwritten),
		cmocka_unit_test(a_slot_that_is_used_again_starts_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
