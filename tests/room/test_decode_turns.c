/*
 * Whose picture is decoded next.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/decode_turns.h"

static void
push(struct decode_turns *t, unsigned slot, int64_t number)
{
	struct decode_command *c = test_calloc(1, sizeof(*c));

	c->slot = slot;
	c->arrival_us = number;
	decode_turns_push(t, c);
}

static void
next_is(struct decode_turns *t, unsigned slot, int64_t number)
{
	struct decode_command *c = decode_turns_pull(t);

	assert_non_null(c);
	assert_int_equal(c->slot, slot);
	assert_int_equal(c->arrival_us, number);
	test_free(c);
}

static void
order_is_kept_within_a_slot(void **state)
{
	struct decode_turns t;

	(void)state;
	decode_turns_init(&t);
	assert_null(decode_turns_pull(&t));
	for (int64_t i = 0; i < 8; i++)
		push(&t, 255, i);
	for (int64_t i = 0; i < 8; i++)
		next_is(&t, 255, i);
	assert_null(decode_turns_pull(&t));
}

/* Eight pictures of one before the first of another: it waits for one. */
static void
a_heavy_sender_delays_the_others_by_one_picture(void **state)
{
	struct decode_turns t;

	(void)state;
	decode_turns_init(&t);
	for (int64_t i = 0; i < 8; i++)
		push(&t, 3, i);
	next_is(&t, 3, 0);
	push(&t, 5, 100);
	push(&t, 7, 200);
	push(&t, 5, 101);
	next_is(&t, 3, 1);
	next_is(&t, 5, 100);
	next_is(&t, 7, 200);
	next_is(&t, 3, 2);
	next_is(&t, 5, 101);
	for (int64_t i = 3; i < 8; i++)
		next_is(&t, 3, i);
	assert_null(decode_turns_pull(&t));
	push(&t, 3, 9);
	next_is(&t, 3, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_kept_within_a_slot),
		cmocka_unit_test(
		    a_heavy_sender_delays_the_others_by_one_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
