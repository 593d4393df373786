/*
 * What evhttp lacks: limits, deadlines and a strict gate for each connection.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "http/http_connection.h"
#include "http/problem.h"
#include "http/request_head.h"
#include "util/strbuf.h"

/* A whole body and a whole head may wait in the input, no more. */
#define INPUT_MAX (REQUEST_BODY_MAX + REQUEST_HEAD_MAX)
#define REFUSE_MS 5000	/* for the problem to be written and read */
#define USER_TIMEOUT_MS 30000	/* of TCP: an unacknowledged stream ends */

enum phase {
	PHASE_ACCEPTED,
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_HANDLE,
	PHASE_REPLY,
	PHASE_STREAM,
	PHASE_REFUSE,
};

/* Whom a limit counts: an IPv4 address, or the first 64 bits of IPv6. */
struct address_key {
	uint8_t family;
	uint8_t bytes[8];
};

/* The callbacks that evhttp had put on the bufferevent. */
struct evhttp_callbacks {
	bufferevent_data_cb  read, write;
	bufferevent_event_cb event;
	void                *evcon;
};

struct http_connection {
	TAILQ_ENTRY(http_connection) link;
	struct http_guard      *guard;
	struct bufferevent     *bev;	/* evhttp's */
	struct evhttp_callbacks its;
	struct event           *wake, *deadline;
	enum phase              phase;
	struct address_key      address;
	bool                    loopback;
	bool                    idle;		/* no byte of a head yet */
	bool                    peer_done;	/* has shut its side */
	size_t                  searched;	/* bytes of the head */
	void (*on_end)(void *to);
	void                   *to;
};

void
http_guard_init(struct http_guard *guard, const struct http_limits *limits,
    const struct log *log)
{
	*guard = (struct http_guard){ .limits = *limits, .log = log };
	TAILQ_INIT(&guard->all);
}

void
http_connection_cut(struct http_connection *conn)
{
	const evutil_socket_t fd = bufferevent_getfd(conn->bev);

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static void
arm(struct http_connection *conn, unsigned ms)
{
	const struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000 * 1000) };

	if (ms == 0)
		event_del(conn->deadline);
	else if (event_add(conn->deadline, &tv) < 0)
		http_connection_cut(conn);	/* not without a deadline */
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *conn = arg;

	(void)fd;
	(void)what;
	conn->guard->late++;
	http_connection_cut(conn);
}

/* Frees what http_connection_new made, half of it too. */
static void
connection_free(struct http_connection *conn)
{
	if (conn->wake)
		event_free(conn->wake);
	if (conn->deadline)
		event_free(conn->deadline);
	free(conn);
}

/* evhttp frees its connection: the only end there is. */
static void
on_evhttp_close(struct evhttp_connection *evcon, void *arg)
{
	struct http_connection *conn = arg;
	struct http_guard      *guard = conn->guard;

	(void)evcon;
	TAILQ_REMOVE(&guard->all, conn, link);
	guard->count--;
	if (conn->on_end)
		conn->on_end(conn->to);
	connection_free(conn);
	if (guard->closing && guard->count == 0)
		guard->on_idle(guard->to);
}

static struct address_key
key_of(const struct sockaddr_storage *peer, bool *loopback)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in  *four = (const struct sockaddr_in *)peer;
	struct address_key         key = { 0 };

	*loopback = false;
	if (peer->ss_family == AF_INET) {
		key.family = 4;
		memcpy(key.bytes, &four->sin_addr, 4);
		*loopback = key.bytes[0] == 127;
	} else if (peer->ss_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		key.family = 4;
		memcpy(key.bytes, six->sin6_addr.s6_addr + 12, 4);
		*loopback = key.bytes[0] == 127;
	} else if (peer->ss_family == AF_INET6) {
		key.family = 6;
		memcpy(key.bytes, six->sin6_addr.s6_addr, 8);
		*loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	}
	return key;
}

static unsigned
count_same_address(const struct http_connection *conn)
{
	const struct http_connection *other;
	unsigned                      count = 0;

	TAILQ_FOREACH(other, &conn->guard->all, link) {
		if (memcmp(&other->address, &conn->address,
		    sizeof(conn->address)) == 0)
			count++;
	}
	return count;
}

/* Makes room at the global limit: the oldest that waits for nothing ends. */
static bool
cut_oldest_idle(struct http_guard *guard)
{
	struct http_connection *conn;

	TAILQ_FOREACH(conn, &guard->all, link) {
		if (conn->phase == PHASE_HEAD && conn->idle) {
			conn->idle = false;	/* not twice */
			http_connection_cut(conn);
			return true;
		}
	}
	return false;
}

/* Whether a new connection may stay. */
static bool
is_welcome(struct http_connection *conn)
{
	const struct http_limits *limits = &conn->guard->limits;
	const unsigned            most = conn->loopback ?
	    limits->per_loopback_max : limits->per_address_max;

	if (conn->guard->closing || count_same_address(conn) > most)
		return false;
	return conn->guard->count <= limits->connections_max ||
	    cut_oldest_idle(conn->guard);
}

/* Puts evhttp's callbacks back; from here it owns what comes. */
static void
give_back(struct http_connection *conn)
{
	bufferevent_setcb(conn->bev, conn->its.read, conn->its.write,
	    conn->its.event, conn->its.evcon);
}

/* The end of a connection that is ours now: evhttp frees it, and us. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_connection *conn = arg;

	if (what & BEV_EVENT_CONNECTED)		/* TLS is up */
		return;
	give_back(conn);
	conn->its.event(bev, what, conn->its.evcon);
}

static void
discard_input(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);

	(void)arg;
	evbuffer_drain(input, evbuffer_get_length(input));
}

static void
on_refusal_written(struct bufferevent *bev, void *arg)
{
	struct http_connection *conn = arg;
	const evutil_socket_t   fd = bufferevent_getfd(bev);

	if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (conn->peer_done)
		on_event(bev, BEV_EVENT_READING | BEV_EVENT_EOF, conn);
	else if (fd >= 0)
		shutdown(fd, SHUT_WR);
}

/* A peer that has shut its side may still read the answer. */
static void
on_refusal_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_connection *conn = arg;

	if ((what & BEV_EVENT_READING) && (what & BEV_EVENT_EOF) &&
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		conn->peer_done = true;
	else
		on_event(bev, what, conn);
}

static void
refuse(struct http_connection *conn, enum problem problem)
{
	char             *text = problem_text(problem, NULL);
	const int         status = problem_status(problem);
	struct evbuffer  *output = bufferevent_get_output(conn->bev);

	conn->phase = PHASE_REFUSE;
	conn->guard->refused++;
	arm(conn, REFUSE_MS);
	discard_input(conn->bev, conn);
	bufferevent_setcb(conn->bev, discard_input, on_refusal_written,
	    on_refusal_event, conn);
	if (text == NULL || evbuffer_add_printf(output,
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n\r\n%s",
	    status, http_reason(status), strlen(text), text) < 0)
		http_connection_cut(conn);
	free(text);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

/* Where the head ends, or 0 while it does not. */
static size_t
head_end(struct http_connection *conn, struct evbuffer *input)
{
	const size_t        len = evbuffer_get_length(input);
	struct evbuffer_ptr from, found;

	evbuffer_ptr_set(input, &from, conn->searched, EVBUFFER_PTR_SET);
	found = evbuffer_search(input, "\r\n\r\n", 4, &from);
	if (found.pos >= 0)
		return (size_t)found.pos + 4;
	conn->searched = len > 3 ? len - 3 : 0;
	return 0;
}

/* An empty line before a request is skipped (RFC 9112, 2.2). */
static void
skip_empty_lines(struct evbuffer *input)
{
	char two[2];

	while (evbuffer_copyout(input, two, 2) == 2 && two[0] == '\r' &&
	    two[1] == '\n')
		evbuffer_drain(input, 2);
}

static void
on_head(struct bufferevent *bev, void *arg)
{
	struct http_connection *conn = arg;
	struct evbuffer        *input = bufferevent_get_input(bev);
	struct request_head     head;
	enum problem            why;
	const uint8_t          *bytes;
	size_t                  len;

	if (conn->idle) {
		conn->idle = false;
		arm(conn, conn->guard->limits.head_ms);
	}
	if (conn->searched == 0)
		skip_empty_lines(input);
	len = head_end(conn, input);
	if (len > REQUEST_HEAD_MAX ||
	    (len == 0 && evbuffer_get_length(input) > REQUEST_HEAD_MAX)) {
		refuse(conn, PROBLEM_HEADERS_TOO_LARGE);
		return;
	}
	if (len == 0)
		return;
	bytes = evbuffer_pullup(input, (ev_ssize_t)len);
	if (bytes == NULL || request_head_check(&head, &why, bytes, len) < 0) {
		refuse(conn, bytes ? why : PROBLEM_INTERNAL);
		return;
	}
	conn->phase = PHASE_BODY;
	arm(conn, conn->guard->limits.body_ms);
	give_back(conn);
	conn->its.read(bev, conn->its.evcon);
}

/* Takes the callbacks from evhttp, to read the next head ourselves. */
static void
take(struct http_connection *conn)
{
	conn->phase = PHASE_HEAD;
	conn->searched = 0;
	bufferevent_setcb(conn->bev, on_head, NULL, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_MAX);
}

/* evhttp has set up a new connection, and has not read from it. */
static void
begin(struct http_connection *conn)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t               peer_len = sizeof(peer);
	const evutil_socket_t   fd = bufferevent_getfd(conn->bev);
	const int               on = 1, timeout_ms = USER_TIMEOUT_MS;

	/* evhttp keeps its connection as the argument of its callbacks. */
	bufferevent_getcb(conn->bev, &conn->its.read, &conn->its.write,
	    &conn->its.event, &conn->its.evcon);
	if (conn->its.evcon == NULL) {	/* it has already given up */
		bufferevent_decref(conn->bev);
		connection_free(conn);
		return;
	}
	conn->guard->accepted++;
	TAILQ_INSERT_TAIL(&conn->guard->all, conn, link);
	conn->guard->count++;
	evhttp_connection_set_closecb(conn->its.evcon, on_evhttp_close, conn);
	bufferevent_decref(conn->bev);
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0)
		conn->address = key_of(&peer, &conn->loopback);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
	    sizeof(timeout_ms));
	take(conn);
	arm(conn, conn->guard->limits.head_ms);
	if (!is_welcome(conn)) {
		conn->guard->turned_away++;
		http_connection_cut(conn);
	}
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *conn = arg;

	(void)fd;
	(void)what;
	if (conn->phase == PHASE_ACCEPTED) {
		begin(conn);
		return;
	}
	take(conn);
	conn->idle = true;
	arm(conn, conn->guard->limits.idle_ms);
	if (conn->guard->closing)
		http_connection_cut(conn);
}

struct http_connection *
http_connection_new(struct http_guard *guard, struct event_base *base,
    struct bufferevent *bev)
{
	struct http_connection *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->guard = guard;
	conn->bev = bev;
	conn->wake = event_new(base, -1, EV_TIMEOUT, on_wake, conn);
	conn->deadline = event_new(base, -1, EV_TIMEOUT, on_deadline, conn);
	if (conn->wake == NULL || conn->deadline == NULL) {
		connection_free(conn);
		return NULL;
	}
	/*
	 * evhttp sets the descriptor only after this returns. Active events
	 * run before the loop looks at descriptors again, so nothing is read
	 * in between; the reference holds if evhttp fails meanwhile.
	 */
	bufferevent_incref(bev);
	event_active(conn->wake, EV_TIMEOUT, 0);
	return conn;
}

struct http_connection *
http_guard_find(const struct http_guard *guard,
    const struct evhttp_connection *evcon)
{
	struct http_connection *conn;

	TAILQ_FOREACH(conn, &guard->all, link) {
		if (conn->its.evcon == evcon)
			return conn;
	}
	return NULL;
}

void
http_guard_close(struct http_guard *guard, void (*on_idle)(void *to), void *to)
{
	struct http_connection *conn;

	guard->closing = true;
	guard->on_idle = on_idle;
	guard->to = to;
	TAILQ_FOREACH(conn, &guard->all, link) {
		if (conn->phase == PHASE_HEAD)
			http_connection_cut(conn);
	}
}

void
http_connection_handle(struct http_connection *conn, void (*on_end)(void *to),
    void *to)
{
	conn->phase = PHASE_HANDLE;
	conn->on_end = on_end;
	conn->to = to;
	arm(conn, 0);
}

void
http_connection_wait(struct http_connection *conn)
{
	/* No read callback: evhttp's would be out of turn, and exits. */
	bufferevent_setcb(conn->bev, NULL, conn->its.write, conn->its.event,
	    conn->its.evcon);
	bufferevent_enable(conn->bev, EV_READ);
}

void
http_connection_reply(struct http_connection *conn)
{
	conn->phase = PHASE_REPLY;
	arm(conn, conn->guard->limits.reply_ms);
}

bool
http_connection_is_pipelined(const struct http_connection *conn)
{
	return evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0;
}

void
http_connection_stream(struct http_connection *conn)
{
	conn->phase = PHASE_STREAM;
	arm(conn, 0);
}

void
http_connection_next(struct http_connection *conn)
{
	conn->on_end = NULL;
	conn->to = NULL;
	if (http_connection_is_pipelined(conn)) {
		discard_input(conn->bev, conn);
		http_connection_cut(conn);
	}
	/* evhttp sets its callbacks after this; take them when it has. */
	event_active(conn->wake, EV_TIMEOUT, 0);
}

bool
http_connection_is_loopback(const struct http_connection *conn)
{
	return conn->loopback;
}
