/*
 * tesserad's requests while memory is short: each answers or ends, and the
 * server goes on.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole of tesserad but main(): HTTP, rooms, and processes of fake_room.
 * Every allocation of ours and of jansson fails once while a request is on its
 * way, and every call of libevent that may. libevent's own allocations do
 * not: its evhttp (2.1.12) crashes when it has none for a new connection.
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

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <jansson.h>

#include "control/api.h"
#include "control/child.h"
#include "control/registry.h"
#include "control/supervisor.h"
#include "http/http_server.h"
#include "short_memory.h"
#include "util/clock.h"

#define WAIT_US   INT64_C(30000000)	/* how long a test waits at most */
#define TEXT      (64 * 1024)
#define TRIES_MAX 20			/* when the machine was in the way */

/* The part of a request that differs. */
struct question {
	const char *method, *path, *type, *body, *match;
	int         good;		/* the status when all is well */
	int         blame;		/* besides 500 and 503, when it is not */
	bool        stream;		/* the answer has no end */
	bool        admin;
};

struct world {
	struct event_base *base;
	struct event      *slice;	/* a turn of the loop ends with it */
	struct supervisor *supervisor;
	struct registry   *registry;
	struct http_server *server;
	struct api         api;
	uint16_t           port, admin_port;
	char               program[4096];
	char               text[TEXT];	/* the last answer */
};

static void
write_nothing(void *to, enum log_level level, const char *line)
{
	(void)to;
	(void)level;
	(void)line;
}

/* ---- libevent, out of memory --------------------------------------------- */

#define WRAP(result, name, ...)						\
	result __real_##name(__VA_ARGS__);				\
	result __wrap_##name(__VA_ARGS__);				\
	result __wrap_##name(__VA_ARGS__)

WRAP(struct event *, event_new, struct event_base *base, evutil_socket_t fd,
    short what, event_callback_fn call, void *to)
{
	return short_memory_fails() ? NULL :
	    __real_event_new(base, fd, what, call, to);
}

WRAP(int, event_add, struct event *event, const struct timeval *after)
{
	return short_memory_fails() ? -1 : __real_event_add(event, after);
}

WRAP(struct evbuffer *, evbuffer_new, void)
{
	return short_memory_fails() ? NULL : __real_evbuffer_new();
}

WRAP(int, evbuffer_add, struct evbuffer *buffer, const void *bytes, size_t len)
{
	return short_memory_fails() ? -1 :
	    __real_evbuffer_add(buffer, bytes, len);
}

WRAP(int, evbuffer_add_reference, struct evbuffer *buffer, const void *bytes,
    size_t len, evbuffer_ref_cleanup_cb clean_up, void *to)
{
	return short_memory_fails() ? -1 : __real_evbuffer_add_reference(
	    buffer, bytes, len, clean_up, to);
}

WRAP(unsigned char *, evbuffer_pullup, struct evbuffer *buffer,
    ev_ssize_t len)
{
	return short_memory_fails() ? NULL :
	    __real_evbuffer_pullup(buffer, len);
}

WRAP(int, evhttp_add_header, struct evkeyvalq *headers, const char *name,
    const char *value)
{
	return short_memory_fails() ? -1 :
	    __real_evhttp_add_header(headers, name, value);
}

WRAP(struct bufferevent *, bufferevent_socket_new, struct event_base *base,
    evutil_socket_t fd, int options)
{
	return short_memory_fails() ? NULL :
	    __real_bufferevent_socket_new(base, fd, options);
}

/* ---- one client ---------------------------------------------------------- */

static void
on_slice(evutil_socket_t fd, short what, void *to)
{
	(void)fd;
	(void)what;
	(void)to;
}

static int
client(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

static void
put(int fd, const struct question *q)
{
	char      text[2048];
	const int len = snprintf(text, sizeof(text),
	    "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
	    "Content-Type: %s\r\nIf-Match: %s\r\nContent-Length: %zu\r\n"
	    "\r\n%s", q->method, q->path, q->type ? q->type : "text/plain",
	    q->match ? q->match : "*", q->body ? strlen(q->body) : 0,
	    q->body ? q->body : "");

	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

/*
 * Reads on until the text holds `until`, or to the end when that is NULL.
 * False when the end came first.
 */
static bool
get(struct world *w, int fd, const char *until)
{
	const int64_t end_us = clock_monotonic_us() + WAIT_US;
	size_t        used = strlen(w->text);
	bool          came = false, ended = false;
	struct event  readable;

	event_assign(&readable, w->base, fd, EV_READ | EV_PERSIST, on_slice,
	    NULL);
	assert_int_equal(__real_event_add(&readable, NULL), 0);
	while (!came && !ended && clock_monotonic_us() < end_us) {
		const ssize_t n = recv(fd, w->text + used, TEXT - 1 - used,
		    MSG_DONTWAIT);

		if (n > 0)
			used += (size_t)n;
		w->text[used] = '\0';
		came = until && strstr(w->text, until);
		ended = n == 0 || (n < 0 && errno != EAGAIN);
		if (n < 0 && !ended)
			event_base_loop(w->base, EVLOOP_ONCE);
	}
	event_del(&readable);
	if (!came && !ended)
		fail_msg("neither an answer nor an end; so far: %s", w->text);
	return came || until == NULL;
}

/* The status of the answer; 0: the connection ended without. */
static int
ask(struct world *w, const struct question *q)
{
	int fd = client(q->admin ? w->admin_port : w->port);

	put(fd, q);
	w->text[0] = '\0';
	(void)get(w, fd, q->stream ? "\ndata: " : NULL);
	close(fd);
	if (strncmp(w->text, "HTTP/1.1 ", 9) != 0)
		return 0;
	return (int)strtol(w->text + 9, NULL, 10);
}

/* Whether it came too fast after those before; some may come when it returns. */
static bool
was_too_fast(struct world *w, int status)
{
	const struct timeval a_while = { 0, 200000 };

	if (status != 429 &&
	    (status != 503 || strstr(w->text, "at once") == NULL))
		return false;
	event_base_loopexit(w->base, &a_while);
	event_base_dispatch(w->base);
	return true;
}

/* While nothing is short; a machine that stood still may cut one short. */
static void
ask_well(struct world *w, const struct question *q)
{
	int status = 0;

	for (int i = 0; i < TRIES_MAX && status != q->good; i++) {
		do
			status = ask(w, q);
		while (was_too_fast(w, status));
	}
	assert_int_equal(status, q->good);
}

static void
header(const struct world *w, char *out, size_t size, const char *name)
{
	const char *line = strstr(w->text, name);

	assert_non_null(line);
	line += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(line, "\r"), line);
}

/* ---- what is looked at --------------------------------------------------- */

static const struct question healthz = { .method = "GET",
	.path = "/healthz", .good = 200 };

/* Each test has a room of its own: what all are told grows with the people. */
static struct question
join_of(const char *path)
{
	return (struct question){ .method = "POST", .path = path,
		.type = "application/sdp", .body = "v=0\r\n", .good = 201 };
}

/* Before a try, while nothing is short. */
typedef void prepare_fn(struct world *w, struct question *q, unsigned nth);

/*
 * Each allocation on the way of the request fails once, alone and with those
 * that follow. It gets its answer, or one that says what is wrong, or none.
 */
static void
goes_on(struct world *w, struct question *q, unsigned count,
    prepare_fn *prepare)
{
	unsigned failed = 1, total = 0;
	int      status;

	for (unsigned nth = 1; failed > 0; nth++) {
		if (prepare)
			prepare(w, q, nth);
		do {
			short_memory_begin(nth, count);
			status = ask(w, q);
			failed = short_memory_end();
		} while (was_too_fast(w, status));
		total += failed;
		if (status != 0 && status != 500 && status != 503 &&
		    status != q->blame)
			assert_int_equal(status, q->good);
		if (status >= 500 &&
		    strstr(w->text, "urn:tessera:problem:") == NULL &&
		    strstr(w->text, "<H1>Service Unavailable</H1>") == NULL)
			fail_msg("no words: %s", w->text);
		ask_well(w, &healthz);
	}
	if (prepare)
		prepare(w, q, UINT16_MAX);
	ask_well(w, q);
	assert_true(total > 10);
}

static void
goes_on_in_both_ways(struct world *w, struct question *q, prepare_fn *prepare)
{
	goes_on(w, q, 1, prepare);
	goes_on(w, q, 6, prepare);
}

static void
joins_a_room(void **state)
{
	struct question q = join_of("/v1/rooms/joins/join?name=Ada");

	goes_on_in_both_ways(*state, &q, NULL);
}

static void
name_a_new_room(struct world *w, struct question *q, unsigned nth)
{
	static char path[64];

	snprintf(path, sizeof(path), "/v1/rooms/new-%u/join", nth);
	q->path = path;
	while (!registry_is_ready(w->registry))
		event_base_loop(w->base, EVLOOP_ONCE);
}

static void
opens_a_room(void **state)
{
	struct question q = join_of(NULL);

	goes_on(*state, &q, 1, name_a_new_room);
}

static void
sends_and_watches(void **state)
{
	struct question whip = join_of("/whip/sends");
	struct question whep = join_of("/whep/sends");

	goes_on_in_both_ways(*state, &whip, NULL);
	goes_on_in_both_ways(*state, &whep, NULL);
}

static char session_path[256];

static void
join_first(struct world *w, struct question *q, const char *room)
{
	const struct question join = join_of(room);

	ask_well(w, &join);
	header(w, session_path, sizeof(session_path), "Location: ");
	q->path = session_path;
}

static void
join_to_leave(struct world *w, struct question *q, unsigned nth)
{
	(void)nth;
	join_first(w, q, "/v1/rooms/leaves/join");
}

static void
leaves(void **state)
{
	struct question q = { .method = "DELETE", .good = 200 };

	goes_on_in_both_ways(*state, &q, join_to_leave);
}

static void
changes(void **state)
{
	struct question q = { .method = "PATCH", .type = "application/json",
		.body = "{\"name\":\"Grace\",\"mic\":false}", .good = 204,
		/* jansson calls a string without memory no token. */
		.blame = 400 };

	join_first(*state, &q, "/v1/rooms/changes/join");
	goes_on_in_both_ways(*state, &q, NULL);
}

static void
restarts_ice(void **state)
{
	struct question q = { .method = "PATCH", .body = "restart",
		.type = "application/trickle-ice-sdpfrag", .good = 200 };

	join_first(*state, &q, "/v1/rooms/restarts/join");
	goes_on_in_both_ways(*state, &q, NULL);
}

static void
shows_what_happens(void **state)
{
	char            path[sizeof(session_path) + 8];
	struct question q = { .method = "GET", .stream = true, .good = 200 };

	join_first(*state, &q, "/v1/rooms/shows/join");
	snprintf(path, sizeof(path), "%s/events", session_path);
	q.path = path;
	goes_on_in_both_ways(*state, &q, NULL);
	assert_non_null(strstr(((struct world *)*state)->text,
	    "event: snapshot"));
}

#define TOLD "/v1/rooms/tells/join?name=Grace"

/* A page that stays open and has the snapshot. */
static int
open_page(struct world *w)
{
	char            path[sizeof(session_path) + 8];
	struct question q = { .method = "GET" };
	int             fd;

	for (int i = 0; i < TRIES_MAX; i++) {
		join_first(w, &q, TOLD);
		snprintf(path, sizeof(path), "%s/events", session_path);
		q.path = path;
		fd = client(w->port);
		put(fd, &q);
		w->text[0] = '\0';
		if (get(w, fd, "\"speaking\":"))	/* its last part */
			return fd;
		close(fd);
	}
	fail_msg("no page opens");
	return -1;
}

/* No event is lost silently: who was not told is cut off, and asks anew. */
static void
tells_all_or_cuts_them_off(void **state)
{
	struct world *w = *state;
	const struct question join = join_of(TOLD);
	char          id[16], wanted[64];
	unsigned      failed = 1, cut = 0;
	int           fd = open_page(w);
	int           status;

	for (unsigned nth = 1; failed > 0; nth++) {
		do {
			short_memory_begin(nth, 1);
			status = ask(w, &join);
			failed = short_memory_end();
		} while (was_too_fast(w, status));
		if (status != 201)
			continue;
		header(w, id, sizeof(id), "Tessera-Participant: ");
		snprintf(wanted, sizeof(wanted), "\"joined\",\"person\":{"
		    "\"id\":\"%s\"", id);
		w->text[0] = '\0';
		if (get(w, fd, wanted))
			continue;
		cut++;
		close(fd);
		fd = open_page(w);
		assert_non_null(strstr(w->text, id));
	}
	close(fd);
	assert_true(cut > 0);
}

static void
serves_pages_and_figures(void **state)
{
	static const struct {
		const char *path;
		bool        admin;
	} rows[] = { { "/", false }, { "/v1/rooms/figures/presence", false },
		{ "/v1/rooms", true }, { "/v1/rooms/figures", true },
		{ "/metrics", true } };
	const struct question join = join_of("/v1/rooms/figures/join");
	struct world *w = *state;

	ask_well(w, &join);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct question q = { .method = "GET", .path = rows[i].path,
			.admin = rows[i].admin, .good = 200 };
		char            first[8];

		ask_well(w, &q);
		snprintf(first, sizeof(first), "%.7s",
		    strstr(w->text, "\r\n\r\n") + 4);
		goes_on_in_both_ways(w, &q, NULL);
		assert_memory_equal(first, strstr(w->text, "\r\n\r\n") + 4, 7);
	}
}

/* ---- the server ---------------------------------------------------------- */

static int
setup(void **state)
{
	static const struct supervisor_config rooms = {
		.rooms_max = 400, .spares = 2, .heartbeat_ms = 1000,
		.start_ms = 20000, .close_ms = 5000,
		.resources = { .udp_port_min = 42000, .udp_port_max = 43999 },
		.room = { .participants_max = 500, .decode_threads = 1,
		    .log_level = LOG_INFO, .video_width = 1280,
		    .video_height = 720, .video_fps = 25,
		    .video_bps = 1500000, .audio_bps = 32000 },
	};
	const struct log             quiet = { { write_nothing, NULL },
		LOG_DEBUG, "" };
	const struct http_limits     limits = http_limits_default();
	struct world                *w = calloc(1, sizeof(*w));
	struct http_listener_config  public = { .address = "127.0.0.1:0",
		.routes = api_public_routes }, admin = public;
	struct supervisor_config     config = rooms;
	const struct timeval         slice = { 0, 20000 };

	assert_non_null(w);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(child_find_program(w->program, sizeof(w->program),
	    "fake_room", "/nowhere"), 0);
	config.program = w->program;
	w->base = event_base_new();
	w->slice = event_new(w->base, -1, EV_PERSIST, on_slice, NULL);
	assert_int_equal(event_add(w->slice, &slice), 0);
	assert_int_equal(supervisor_new(&w->supervisor, w->base, &config,
	    &quiet), 0);
	assert_int_equal(registry_new(&w->registry, w->base, w->supervisor,
	    &quiet), 0);
	registry_limit_cpu(w->registry, 100, 1);
	assert_int_equal(http_server_new(&w->server, w->base, &limits, &quiet),
	    0);
	w->api = (struct api){ w->base, w->registry, w->server, quiet, 0 };
	public.to = admin.to = &w->api;
	admin.routes = api_admin_routes;
	assert_int_equal(http_server_listen(w->server, &public, &w->port), 0);
	assert_int_equal(http_server_listen(w->server, &admin,
	    &w->admin_port), 0);
	while (!registry_is_ready(w->registry))
		event_base_loop(w->base, EVLOOP_ONCE);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	registry_shutdown(w->registry);
	http_server_free(&w->server);
	registry_free(&w->registry);
	supervisor_free(&w->supervisor);
	event_free(w->slice);
	event_base_free(w->base);
	free(w);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_a_room),
		cmocka_unit_test(sends_and_watches),
		cmocka_unit_test(leaves),
		cmocka_unit_test(changes),
		cmocka_unit_test(restarts_ice),
		cmocka_unit_test(shows_what_happens),
		cmocka_unit_test(tells_all_or_cuts_them_off),
		cmocka_unit_test(serves_pages_and_figures),
		cmocka_unit_test(opens_a_room),
	};

	json_set_alloc_funcs(short_memory_malloc, free);
	return cmocka_run_group_tests(tests, setup, teardown);
}
