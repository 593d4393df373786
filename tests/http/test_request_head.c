/*
 * What is a request by the letter of RFC 9112, and what only looks like one.
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

#include "http/request_head.h"

static const char good[] =
    "POST /v1/rooms/blue-fox/join?name=Ada%20L HTTP/1.1\r\n"
    "Host: localhost:8080\r\n"
    "Content-Type: application/sdp\r\n"
    "X-Odd: \t tab and \xc3\xa9 \r\n"
    "Content-Length: 1234\r\n"
    "Expect: 100-Continue\r\n"
    "\r\n";

/* In memory of its exact size, so that a sanitizer sees one byte too far. */
static int
check(struct request_head *head, enum problem *why, const void *bytes,
    size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	int      err;

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	err = request_head_check(head, why, exact, len);
	free(exact);
	return err;
}

static void
is_refused(enum problem expected, const char *text)
{
	struct request_head head;
	enum problem        why = PROBLEM_COUNT;

	assert_int_equal(check(&head, &why, text, strlen(text)), -EBADMSG);
	assert_int_equal(why, expected);
}

static void
takes_a_good_request(void **state)
{
	struct request_head head;
	enum problem        why;

	(void)state;
	assert_int_equal(check(&head, &why, good, sizeof(good) - 1), 0);
	assert_int_equal(head.content_length, 1234);
	assert_true(head.expects_continue);
	assert_int_equal(check(&head, &why, "GET / HTTP/1.0\r\n\r\n", 18), 0);
	assert_int_equal(head.content_length, 0);
}

static void
refuses_every_truncation(void **state)
{
	struct request_head head;
	enum problem        why;

	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++)
		assert_int_equal(check(&head, &why, good, len), -EBADMSG);
}

static void
survives_every_bit_flip(void **state)
{
	struct request_head head;
	enum problem        why;
	char                bytes[sizeof(good)];

	(void)state;
	for (size_t bit = 0; bit < (sizeof(good) - 1) * 8; bit++) {
		memcpy(bytes, good, sizeof(good));
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		if (check(&head, &why, bytes, sizeof(good) - 1) == 0)
			assert_true(head.content_length <= REQUEST_BODY_MAX);
		else
			assert_true(why < PROBLEM_COUNT);
	}
}

static void
refuses_two_lengths(void **state)
{
	(void)state;
	is_refused(PROBLEM_BAD_REQUEST, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 5\r\ncontent-length: 5\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 5, 5\r\n\r\n");
}

static void
refuses_lengths_that_parsers_read_differently(void **state)
{
	static const char *const values[] = { "+5", "-5", "0x5", "5 5", "",
		"5;", "\x0b""5", "1e2", "99999999999999999999999",
		"4294967301a" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: %s\r\n\r\n", values[i]);
		is_refused(PROBLEM_BAD_REQUEST, text);
	}
}

static void
refuses_a_transfer_encoding(void **state)
{
	(void)state;
	is_refused(PROBLEM_LENGTH, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n");
}

static void
refuses_lines_that_parsers_split_differently(void **state)
{
	struct request_head head;
	enum problem        why;
	static const char   nul[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";

	(void)state;
	is_refused(PROBLEM_BAD_REQUEST, "GET / HTTP/1.1\nHost: a\n\n");
	is_refused(PROBLEM_BAD_REQUEST, "GET / HTTP/1.1\r\nHost: a\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n");
	assert_int_equal(check(&head, &why, nul, sizeof(nul) - 1), -EBADMSG);
}

static void
refuses_odd_first_lines(void **state)
{
	static const char *const lines[] = { "GET  / HTTP/1.1", " / HTTP/1.1",
		"GET /", "GET / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/1",
		"GET http://a/ HTTP/1.1", "GET //a/b HTTP/1.1",
		"OPTIONS * HTTP/1.1", "GET /a b HTTP/1.1", "GET /#x HTTP/1.1",
		"GET /\x7f HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1",
		"G(T / HTTP/1.1" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\nHost: a\r\n\r\n",
		    lines[i]);
		is_refused(PROBLEM_BAD_REQUEST, text);
	}
	is_refused(PROBLEM_VERSION, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
	is_refused(PROBLEM_NOT_IMPLEMENTED,
	    "BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
	is_refused(PROBLEM_NOT_IMPLEMENTED,
	    "get / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void
wants_one_host(void **state)
{
	(void)state;
	is_refused(PROBLEM_BAD_REQUEST, "GET / HTTP/1.1\r\n\r\n");
	is_refused(PROBLEM_BAD_REQUEST,
	    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
}

static void
refuses_bodies_it_would_not_read(void **state)
{
	struct request_head head;
	enum problem        why;
	static const char   large[] = "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 65537\r\n\r\n";

	(void)state;
	is_refused(PROBLEM_BAD_REQUEST,
	    "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(check(&head, &why, large, sizeof(large) - 1),
	    -EBADMSG);
	assert_int_equal(why, PROBLEM_TOO_LARGE);
	assert_int_equal(head.content_length, 65537);
	is_refused(PROBLEM_EXPECTATION, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Expect: the unexpected\r\n\r\n");
}

static void
counts_fields(void **state)
{
	struct request_head head;
	enum problem        why;
	char                text[2048];
	size_t              used;

	(void)state;
	for (unsigned more = 63; more <= 64; more++) {
		used = (size_t)snprintf(text, sizeof(text),
		    "GET / HTTP/1.1\r\nHost: a\r\n");
		for (unsigned i = 0; i < more; i++)
			used += (size_t)snprintf(text + used,
			    sizeof(text) - used, "x: %u\r\n", i);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "\r\n");
		assert_int_equal(check(&head, &why, text, used),
		    more == 63 ? 0 : -EBADMSG);
	}
	assert_int_equal(why, PROBLEM_HEADERS_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_request),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_bit_flip),
		cmocka_unit_test(refuses_two_lengths),
		cmocka_unit_test(refuses_lengths_that_parsers_read_differently),
		cmocka_unit_test(refuses_a_transfer_encoding),
		cmocka_unit_test(refuses_lines_that_parsers_split_differently),
		cmocka_unit_test(refuses_odd_first_lines),
		cmocka_unit_test(wants_one_host),
		cmocka_unit_test(refuses_bodies_it_would_not_read),
		cmocka_unit_test(counts_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
