/*
 * Events: their text, their ids, and what a page that comes back has missed.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/event_ring.h"
#include "http/problem.h"

static struct event_ring *
ring_with(unsigned events)
{
	struct event_ring *ring;
	char               data[32];

	assert_int_equal(event_ring_new(&ring, 0xabcdef01), 0);
	for (unsigned i = 1; i <= events; i++) {
		snprintf(data, sizeof(data), "{\"n\":%u}", i);
		assert_int_equal(event_ring_push(ring, "count", data, NULL),
		    0);
	}
	return ring;
}

static void
writes_events_as_text(void **state)
{
	struct event_ring *ring = ring_with(0);
	struct event_text  event;
	char               id[EVENT_ID_SIZE];

	(void)state;
	event_ring_id(ring, id);
	assert_string_equal(id, "abcdef01-0");
	assert_int_equal(event_ring_push(ring, "speaking", "{}", &event), 0);
	assert_string_equal(event.text,
	    "id: abcdef01-1\nevent: speaking\ndata: {}\n\n");
	assert_int_equal(event.len, strlen(event.text));
	event_ring_id(ring, id);
	assert_string_equal(id, "abcdef01-1");
	event_ring_free(&ring);
	assert_null(ring);
}

static void
lets_no_line_end_into_an_event(void **state)
{
	struct event_ring *ring = ring_with(0);
	char               id[EVENT_ID_SIZE];

	(void)state;
	assert_int_equal(event_ring_push(ring, "a", "x\nevent: b", NULL),
	    -EINVAL);
	assert_int_equal(event_ring_push(ring, "a", "x\r", NULL), -EINVAL);
	assert_int_equal(event_ring_push(ring, "a\n", "x", NULL), -EINVAL);
	assert_null(event_format("1\n2", "a", "b"));
	event_ring_id(ring, id);
	assert_string_equal(id, "abcdef01-0");
	event_ring_free(&ring);
}

static void
gives_what_was_missed(void **state)
{
	struct event_ring *ring = ring_with(5);
	unsigned           count;

	(void)state;
	assert_int_equal(event_ring_missed(ring, "abcdef01-5", &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(event_ring_missed(ring, "abcdef01-2", &count), 0);
	assert_int_equal(count, 3);
	assert_non_null(strstr(event_ring_at(ring, 2).text, "{\"n\":3}"));
	assert_non_null(strstr(event_ring_at(ring, 0).text, "{\"n\":5}"));
	assert_int_equal(event_ring_missed(ring, "abcdef01-0", &count), 0);
	assert_int_equal(count, 5);
	event_ring_free(&ring);
}

static void
keeps_the_last_256(void **state)
{
	struct event_ring *ring = ring_with(1000);
	unsigned           count;

	(void)state;
	assert_int_equal(event_ring_missed(ring, "abcdef01-744", &count), 0);
	assert_int_equal(count, EVENT_RING_SIZE);
	assert_non_null(strstr(event_ring_at(ring, count - 1).text,
	    "{\"n\":745}"));
	assert_int_equal(event_ring_missed(ring, "abcdef01-743", &count),
	    -ENOENT);
	event_ring_free(&ring);
}

static void
knows_only_ids_of_its_own(void **state)
{
	static const char *const ids[] = { "", "-", "abcdef01", "abcdef01-",
		"abcdef01-6", "abcdef02-1", "ABCDEF01-1", "abcdef01-01",
		"abcdef01-1 ", "abcdef01--1", "abcdef01-+1", " abcdef01-1",
		"abcdef01-99999999999999999999999",
		"abcdef01-18446744073709551615" };
	struct event_ring *ring = ring_with(5);
	unsigned           count;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(event_ring_missed(ring, ids[i], &count),
		    -ENOENT);
	event_ring_free(&ring);
}

static void
knows_no_id_from_before_a_loss(void **state)
{
	struct event_ring *ring = ring_with(3);
	unsigned           count;

	(void)state;
	event_ring_forget(ring, 0x12345678);
	assert_int_equal(event_ring_missed(ring, "abcdef01-3", &count),
	    -ENOENT);
	assert_int_equal(event_ring_missed(ring, "12345678-3", &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(event_ring_push(ring, "roster", "{}", NULL), 0);
	assert_int_equal(event_ring_missed(ring, "12345678-3", &count), 0);
	assert_int_equal(count, 1);
	event_ring_free(&ring);
}

static void
refuses_an_event_too_long(void **state)
{
	struct event_ring *ring = ring_with(1);
	char              *data = malloc(EVENT_MAX + 1);

	(void)state;
	assert_non_null(data);
	memset(data, 'x', EVENT_MAX);
	data[EVENT_MAX] = '\0';
	assert_int_equal(event_ring_push(ring, "a", data, NULL), -EINVAL);
	assert_non_null(strstr(event_ring_at(ring, 0).text, "{\"n\":1}"));
	free(data);
	event_ring_free(&ring);
}

/* ---- problem documents -------------------------------------------------- */

static void
writes_a_problem(void **state)
{
	char *text = problem_text(PROBLEM_ROOM_NAME, "Say \"a-z\".");

	(void)state;
	assert_string_equal(text, "{\"type\":\"urn:tessera:problem:room-name\","
	    "\"title\":\"This is not a room name\",\"status\":404,"
	    "\"detail\":\"Say \\\"a-z\\\".\"}");
	free(text);
	text = problem_text(PROBLEM_BUSY, NULL);
	assert_null(strstr(text, "detail"));
	free(text);
	assert_true(problem_retry_after_s(PROBLEM_BUSY) > 0);
	assert_true(problem_retry_after_s(PROBLEM_ROOM_FAILED) > 0);
	assert_int_equal(problem_retry_after_s(PROBLEM_BAD_OFFER), 0);
}

static void
leaves_out_a_detail_that_is_no_text(void **state)
{
	char *text = problem_text(PROBLEM_BAD_OFFER, "\xff\xfe");

	(void)state;
	assert_non_null(text);
	assert_null(strstr(text, "detail"));
	free(text);
}

static void
has_a_phrase_for_each_status(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PROBLEM_COUNT; i++) {
		const int status = problem_status((enum problem)i);

		assert_true(status >= 400 && status < 600);
		assert_string_not_equal(http_reason(status), "Unknown");
	}
	assert_string_equal(http_reason(799), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_events_as_text),
		cmocka_unit_test(lets_no_line_end_into_an_event),
		cmocka_unit_test(gives_what_was_missed),
		cmocka_unit_test(keeps_the_last_256),
		cmocka_unit_test(knows_only_ids_of_its_own),
		cmocka_unit_test(knows_no_id_from_before_a_loss),
		cmocka_unit_test(refuses_an_event_too_long),
		cmocka_unit_test(writes_a_problem),
		cmocka_unit_test(leaves_out_a_detail_that_is_no_text),
		cmocka_unit_test(has_a_phrase_for_each_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
