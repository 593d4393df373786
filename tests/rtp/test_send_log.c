/*
 * What was sent is found again by what a peer may say of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/send_log.h"

static struct send_log kept;

static void
add(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		send_log_add(&kept, &(struct send_log_packet){
		    .ssrc = 7, .rtp_sequence = (uint16_t)i, .bytes = 100,
		    .sent_us = i });
}

static void
finds_by_number_across_the_wrap(void **state)
{
	(void)state;
	send_log_init(&kept, 65000);
	add(1000);
	assert_int_equal(send_log_find(&kept, 65000)->sent_us, 0);
	assert_int_equal(send_log_find(&kept, (uint16_t)(65000 + 999))
	    ->sent_us, 999);
}

static void
what_was_never_sent_is_not_found(void **state)
{
	(void)state;
	send_log_init(&kept, 0);
	for (unsigned s = 0; s < 65536; s++)
		assert_null(send_log_find(&kept, (uint16_t)s));
	assert_null(send_log_find_rtp(&kept, 7, 0));
	add(10);
	assert_null(send_log_find(&kept, 10));
	assert_null(send_log_find(&kept, 65535));
	assert_null(send_log_find(&kept, 32768));
	assert_non_null(send_log_find(&kept, 9));
	assert_null(send_log_find_rtp(&kept, 7, 10));
	assert_null(send_log_find_rtp(&kept, 8, 9));
}

static void
the_oldest_is_forgotten(void **state)
{
	(void)state;
	send_log_init(&kept, 0);
	add(SEND_LOG_PACKETS + 1);
	assert_null(send_log_find(&kept, 0));
	assert_int_equal(send_log_find(&kept, 1)->sent_us, 1);
	assert_null(send_log_find_rtp(&kept, 7, 0));
	assert_int_equal(send_log_find_rtp(&kept, 7, 1)->sent_us, 1);
}

static void
a_packet_sent_again_is_found_as_the_newest(void **state)
{
	struct send_log_packet again = { .ssrc = 7, .rtp_sequence = 3,
	    .sent_us = 99 };

	(void)state;
	send_log_init(&kept, 0);
	add(10);
	assert_int_equal(send_log_add(&kept, &again), 10);
	assert_int_equal(send_log_find_rtp(&kept, 7, 3)->sent_us, 99);
	assert_int_equal(send_log_find(&kept, 3)->sent_us, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_number_across_the_wrap),
		cmocka_unit_test(what_was_never_sent_is_not_found),
		cmocka_unit_test(the_oldest_is_forgotten),
		cmocka_unit_test(a_packet_sent_again_is_found_as_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
