/*
 * The server on real sockets: limits, deadlines, refusals, streams.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Server and clients share one thread and one loop: a client is a socket
 * that is written to at once and read by turning the loop.
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

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "http/event_stream.h"
#include "http/http_exchange.h"
#include "http/http_server.h"
#include "util/clock.h"

#define WAIT_US INT64_C(10000000)	/* how long a test waits at most */
#define TEXT    (300 * 1024)

struct world {
	struct event_base    *base;
	struct http_server   *server;
	uint16_t              port;
	struct http_exchange *deferred;
	struct event_stream  *stream;
	unsigned              gone, ended, idle, handled;
	char                  text[TEXT];	/* the last answer */
};

static void
handle_echo(struct http_exchange *x, void *to)
{
	struct world  *w = to;
	size_t         len;
	const uint8_t *body = http_exchange_body(x, &len);

	w->handled++;
	http_exchange_set_header(x, "X-Bad", "a\r\nSet-Cookie: b");
	http_exchange_reply(x, 200, "application/octet-stream", body, len);
}

static void
on_gone(void *to)
{
	struct world *w = to;

	w->gone++;
	w->deferred = NULL;
}

static void
handle_later(struct http_exchange *x, void *to)
{
	struct world *w = to;

	w->deferred = x;
	http_exchange_defer(x, on_gone, w);
}

static void
on_stream_end(struct event_stream *stream, void *to)
{
	struct world *w = to;

	assert_ptr_equal(stream, w->stream);
	w->ended++;
	w->stream = NULL;
}

static void
handle_stream(struct http_exchange *x, void *to)
{
	struct world *w = to;

	assert_int_equal(event_stream_new(&w->stream, w->base, x,
	    on_stream_end, w), 0);
}

static const struct route routes[] = {
	{ HTTP_GET, "/echo", handle_echo },
	{ HTTP_POST, "/echo", handle_echo },
	{ HTTP_GET, "/later", handle_later },
	{ HTTP_GET, "/stream", handle_stream },
	ROUTE_END
};

static void
write_nothing(void *to, enum log_level level, const char *line)
{
	(void)to;
	(void)level;
	(void)line;
}

static int
setup(void **state)
{
	const struct log             quiet = { { write_nothing, NULL },
		LOG_DEBUG, "" };
	struct http_limits           limits = http_limits_default();
	struct world                *w = calloc(1, sizeof(*w));
	struct http_listener_config  listener = { .address = "127.0.0.1:0",
		.routes = routes, .to = w };

	assert_non_null(w);
	signal(SIGPIPE, SIG_IGN);
	limits.connections_max = 6;
	limits.per_loopback_max = 4;
	/* Long enough that a busy machine does not meet them by chance. */
	limits.head_ms = 800;
	limits.body_ms = 900;
	limits.idle_ms = 1000;
	limits.reply_ms = 1100;
	w->base = event_base_new();
	assert_int_equal(http_server_new(&w->server, w->base, &limits, &quiet),
	    0);
	assert_int_equal(http_server_listen(w->server, &listener, &w->port),
	    0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	http_server_free(&w->server);
	event_base_free(w->base);
	free(w);
	return 0;
}

static struct http_server_counts
counts(const struct world *w)
{
	struct http_server_counts c;

	http_server_counts(w->server, &c);
	return c;
}

/* One turn of the loop, of 5 ms at most. */
static void
turn(struct world *w)
{
	const struct timeval slice = { 0, 5000 };

	event_base_loopexit(w->base, &slice);
	event_base_loop(w->base, EVLOOP_ONCE);
}

static int
client(const struct world *w)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(w->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

static void
put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

/*
 * Reads until the text holds `until`, or to the end when that is NULL.
 * True when it came.
 */
static bool
get(struct world *w, int fd, const char *until)
{
	const int64_t end_us = clock_monotonic_us() + WAIT_US;
	size_t        used = 0;

	w->text[0] = '\0';
	while (clock_monotonic_us() < end_us) {
		const ssize_t n = recv(fd, w->text + used, TEXT - 1 - used,
		    MSG_DONTWAIT);

		if (n > 0)
			used += (size_t)n;
		w->text[used] = '\0';
		if (until && strstr(w->text, until))
			return true;
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return until == NULL;
		turn(w);
	}
	return false;
}

/* How long until the server ends this connection. */
static int64_t
ms_until_end(struct world *w, int fd)
{
	const int64_t start_us = clock_monotonic_us();

	assert_true(get(w, fd, NULL));
	return (clock_monotonic_us() - start_us) / 1000;
}

static void
answers_and_keeps_the_connection(void **state)
{
	struct world *w = *state;
	int           fd = client(w);

	for (int i = 0; i < 3; i++) {
		put(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 5\r\n\r\nhello");
		assert_true(get(w, fd, "\r\n\r\nhello"));
		assert_memory_equal(w->text, "HTTP/1.1 200 OK\r\n", 17);
		assert_null(strstr(w->text, "Set-Cookie"));
		assert_non_null(strstr(w->text, "nosniff"));
	}
	assert_int_equal(counts(w).accepted, 1);
	close(fd);
}

static void
takes_a_head_byte_by_byte(void **state)
{
	static const char request[] = "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 2\r\n\r\nhi";
	struct world     *w = *state;
	int               fd = client(w);

	for (const char *p = request; *p; p++) {
		assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	assert_true(get(w, fd, "\r\n\r\nhi"));
	close(fd);
}

static void
refuses_and_ends_a_malformed_request(void **state)
{
	static const struct {
		const char *request, *status;
	} rows[] = {
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", " 400 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		  "Content-Length: 50\r\n\r\nhello", " 400 " },
		{ "GET /echo HTTP/1.1\nHost: a\n\r\n\r\n", " 400 " },
		{ "GET /echo HTTP/1.1\r\n\r\n", " 400 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n", " 411 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\n"
		  "Content-Length: 70000\r\n\r\nhello", " 413 " },
		{ "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", " 501 " },
		{ "GET /echo HTTP/3.0\r\nHost: a\r\n\r\n", " 505 " },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = client(w);

		put(fd, rows[i].request);
		put(fd, "GET /echo HTTP/1.1\r\nHost: smuggled\r\n\r\n");
		shutdown(fd, SHUT_WR);
		assert_true(get(w, fd, NULL));
		assert_non_null(strstr(w->text, rows[i].status));
		assert_non_null(strstr(w->text, "urn:tessera:problem:"));
		assert_non_null(strstr(w->text, "Connection: close"));
		assert_null(strstr(w->text + 10, "HTTP/1.1 "));
		close(fd);
	}
	assert_int_equal(w->handled, 0);
	assert_int_equal(counts(w).refused, sizeof(rows) / sizeof(rows[0]));
}

static void
refuses_a_head_too_large(void **state)
{
	struct world *w = *state;
	int           fd = client(w);
	char          line[1024];

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	put(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nx: ");
	for (int i = 0; i < 17; i++)
		put(fd, line);
	assert_true(get(w, fd, "headers-too-large"));
	assert_non_null(strstr(w->text, " 431 "));
	close(fd);
}

/* The answer arrives although the body is still on its way. */
static void
answers_a_body_too_large_before_its_end(void **state)
{
	struct world *w = *state;
	int           fd = client(w);
	char         *body = calloc(1, 200001);

	assert_non_null(body);
	memset(body, 'b', 200000);
	put(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 200000\r\n\r\n");
	assert_int_equal(send(fd, body, 200000, MSG_NOSIGNAL), 200000);
	assert_true(get(w, fd, "urn:tessera:problem:too-large"));
	assert_non_null(strstr(w->text, " 413 "));
	free(body);
	close(fd);
}

static void
takes_a_body_of_64_kib(void **state)
{
	struct world *w = *state;
	int           fd = client(w);
	char         *body = calloc(1, 65537);

	assert_non_null(body);
	memset(body, 'b', 65535);
	body[65535] = 'z';
	put(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 65536\r\n\r\n");
	assert_int_equal(send(fd, body, 65536, MSG_NOSIGNAL), 65536);
	assert_true(get(w, fd, "bz"));
	free(body);
	close(fd);
}

static void
takes_no_second_request_in_flight(void **state)
{
	struct world *w = *state;
	int           fd = client(w);

	put(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo");
	assert_true(get(w, fd, NULL));
	assert_non_null(strstr(w->text, "Connection: close"));
	assert_non_null(strstr(w->text, "\r\n\r\none"));
	assert_null(strstr(w->text, "two"));
	assert_int_equal(w->handled, 1);
	close(fd);
}

/* Absolute: a byte now and then does not help. */
static void
ends_a_slow_head_at_its_deadline(void **state)
{
	struct world *w = *state;
	const int64_t start_us = clock_monotonic_us();
	int           fd = client(w);
	int64_t       ms, sent_us = 0;

	put(fd, "GET /echo HTTP/1.1\r\n");
	while (counts(w).late == 0 &&
	    clock_monotonic_us() - start_us < WAIT_US) {
		/* Not so often that the head becomes too large. */
		if (clock_monotonic_us() - sent_us > 20000) {
			sent_us = clock_monotonic_us();
			if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
				break;
		}
		turn(w);
	}
	ms = (clock_monotonic_us() - start_us) / 1000;
	assert_int_equal(counts(w).late, 1);
	assert_in_range(ms, 750, 5000);
	close(fd);
}

static void
ends_a_slow_body_and_an_idle_connection(void **state)
{
	struct world *w = *state;
	int           slow = client(w), idle;
	int64_t       ms;

	put(slow, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
	ms = ms_until_end(w, slow);
	assert_in_range(ms, 850, 5000);
	assert_int_equal(w->text[0], '\0');
	close(slow);
	idle = client(w);
	put(idle, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(get(w, idle, "\r\n\r\n"));
	ms = ms_until_end(w, idle);
	assert_in_range(ms, 900, 5000);
	assert_int_equal(counts(w).late, 2);
	close(idle);
}

static void
turns_away_more_than_its_share_of_one_address(void **state)
{
	struct world *w = *state;
	int           fds[5];

	for (int i = 0; i < 5; i++) {
		fds[i] = client(w);
		while (counts(w).accepted < (unsigned)i + 1)
			turn(w);
	}
	assert_true(get(w, fds[4], NULL));
	assert_int_equal(counts(w).turned_away, 1);
	put(fds[0], "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(get(w, fds[0], "200 OK"));
	close(fds[0]);
	while (counts(w).connections > 3)
		turn(w);
	close(fds[4]);
	fds[4] = client(w);
	put(fds[4], "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(get(w, fds[4], "200 OK"));
	for (int i = 1; i < 5; i++)
		close(fds[i]);
}

static void
makes_room_by_ending_the_oldest_idle_one(void **state)
{
	struct http_limits limits = http_limits_default();
	struct world      *w = *state;
	int                fds[3];

	limits.connections_max = 2;
	http_server_set_limits(w->server, &limits);
	for (int i = 0; i < 3; i++) {
		fds[i] = client(w);
		put(fds[i], "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_true(get(w, fds[i], "200 OK"));
	}
	assert_true(get(w, fds[0], NULL));
	put(fds[1], "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(get(w, fds[1], "200 OK"));
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void
notices_a_requester_that_goes_away(void **state)
{
	struct world *w = *state;
	int           fd = client(w);

	put(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->deferred == NULL)
		turn(w);
	/* What comes meanwhile is not read as a request. */
	put(fd, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	turn(w);
	assert_int_equal(w->gone, 0);
	close(fd);
	while (w->gone == 0)
		turn(w);
	assert_int_equal(counts(w).connections, 0);
	assert_int_equal(w->handled, 0);
}

static void
answers_later(void **state)
{
	struct world *w = *state;
	int           fd = client(w);

	put(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->deferred == NULL)
		turn(w);
	http_exchange_problem(w->deferred, PROBLEM_BUSY, "Later.");
	assert_true(get(w, fd, "\"Later.\"}"));
	assert_non_null(strstr(w->text, " 503 "));
	assert_non_null(strstr(w->text, "Retry-After: "));
	put(fd, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(get(w, fd, "200 OK"));
	close(fd);
}

static void
streams_past_every_deadline(void **state)
{
	struct world *w = *state;
	const int64_t end_us = clock_monotonic_us() + 1500000;
	int           fd = client(w);

	put(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->stream == NULL)
		turn(w);
	while (clock_monotonic_us() < end_us)
		turn(w);
	assert_non_null(w->stream);
	event_stream_send(w->stream, "data: x\n\n", 9);
	assert_true(get(w, fd, "data: x\n\n"));
	assert_non_null(strstr(w->text, "text/event-stream"));
	event_stream_send(w->stream, "data: y\n\n", 9);
	event_stream_end(&w->stream);
	assert_true(get(w, fd, "0\r\n\r\n"));
	assert_non_null(strstr(w->text, "data: y\n\n"));
	assert_int_equal(w->ended, 0);
	close(fd);
}

static void
hears_the_end_of_a_stream(void **state)
{
	struct world *w = *state;
	int           fd = client(w);

	put(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->stream == NULL)
		turn(w);
	close(fd);
	while (w->ended == 0)
		turn(w);
	assert_null(w->stream);
}

static void
cuts_a_reader_that_does_not_read(void **state)
{
	struct world *w = *state;
	int           small = 4096, fd;
	char          event[4096];

	memset(event, 'e', sizeof(event));
	fd = client(w);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	put(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->stream == NULL)
		turn(w);
	for (unsigned i = 0; i < 4096 && w->stream; i++) {
		event_stream_send(w->stream, event, sizeof(event));
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	while (w->ended == 0)
		turn(w);
	assert_int_equal(w->ended, 1);
	close(fd);
}

static void
on_idle(void *to)
{
	struct world *w = to;

	w->idle++;
}

static void
stops_when_the_last_answer_is_out(void **state)
{
	struct world *w = *state;
	int           waits = client(w), idle = client(w);

	put(waits, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
	while (w->deferred == NULL || counts(w).connections < 2)
		turn(w);
	http_server_stop(w->server, on_idle, w);
	assert_true(get(w, idle, NULL));
	assert_int_equal(w->idle, 0);
	http_exchange_set_header(w->deferred, "Connection", "close");
	http_exchange_reply(w->deferred, 200, "text/plain", "end", 3);
	assert_true(get(w, waits, "end"));
	while (w->idle == 0)
		turn(w);
	assert_int_equal(counts(w).connections, 0);
	close(waits);
	close(idle);
}

static void
says_why_it_cannot_listen(void **state)
{
	static const char *const bad[] = { "", "8080", "127.0.0.1",
		"localhost:80", "127.0.0.1:", "127.0.0.1:99999", "::1:80",
		"[::1]", "[::1:80", "127.0.0.1:80x" };
	struct world               *w = *state;
	struct http_listener_config config = { .routes = routes };
	char                        taken[32];
	uint16_t                    port;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		config.address = bad[i];
		assert_int_equal(http_server_listen(w->server, &config, &port),
		    -EINVAL);
	}
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", w->port);
	config.address = taken;
	assert_int_equal(http_server_listen(w->server, &config, &port),
	    -EADDRINUSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_and_keeps_the_connection),
		TEST(takes_a_head_byte_by_byte),
		TEST(refuses_and_ends_a_malformed_request),
		TEST(refuses_a_head_too_large),
		TEST(answers_a_body_too_large_before_its_end),
		TEST(takes_a_body_of_64_kib),
		TEST(takes_no_second_request_in_flight),
		TEST(ends_a_slow_head_at_its_deadline),
		TEST(ends_a_slow_body_and_an_idle_connection),
		TEST(turns_away_more_than_its_share_of_one_address),
		TEST(makes_room_by_ending_the_oldest_idle_one),
		TEST(notices_a_requester_that_goes_away),
		TEST(answers_later),
		TEST(streams_past_every_deadline),
		TEST(hears_the_end_of_a_stream),
		TEST(cuts_a_reader_that_does_not_read),
		TEST(stops_when_the_last_answer_is_out),
		TEST(says_why_it_cannot_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
