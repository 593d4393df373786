/*
 * What evhttp lacks: limits, deadlines and a strict gate for each connection.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * evhttp has no limit per address, no absolute deadline and a lenient parser.
 * So each connection is owned by turns:
 *
 *   accept ─► HEAD: our callbacks on the bufferevent; evhttp sees nothing.
 *             The whole head is collected and judged (request_head.h).
 *               │ good                                │ bad
 *               ▼                                     ▼
 *   BODY: evhttp's callbacks are put back,    REFUSE: a problem document,
 *   it reads head and body, calls the         our side is shut, what still
 *   handler                                   comes is read and thrown away
 *               ▼                             (else a reset would overtake
 *   HANDLE ─► REPLY (or STREAM) ─► HEAD       the answer)
 *
 * Deadlines are absolute for each of these, not per byte, and end a
 * connection by shutdown(), so that evhttp takes its own way out. STREAM has
 * none. Pipelined requests are not taken: a connection with more than one
 * request in flight ends after the first answer.
 *
 * Main thread. A connection is freed with evhttp's, never by others.
 */
#ifndef HTTP_HTTP_CONNECTION_H
#define HTTP_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "util/log.h"

struct bufferevent;
struct event_base;
struct evhttp_connection;
struct http_connection;

struct http_limits {
	unsigned connections_max;	/* of the whole server */
	unsigned per_address_max;	/* of one IPv4 or one IPv6 /64 */
	unsigned per_loopback_max;	/* a proxy in front is one address */
	unsigned head_ms;		/* from accept or first byte */
	unsigned body_ms;
	unsigned reply_ms;		/* until the last byte is written */
	unsigned idle_ms;		/* between requests */
};

TAILQ_HEAD(http_connections, http_connection);

/* All connections of one server; plain value. */
struct http_guard {
	struct http_limits      limits;
	struct http_connections all;	/* oldest first */
	unsigned                count;
	bool                    closing;
	void (*on_idle)(void *to);
	void                   *to;
	uint64_t                accepted, turned_away, refused, late;
	const struct log       *log;
};

void http_guard_init(struct http_guard *guard,
    const struct http_limits *limits, const struct log *log);

/*
 * Watches a bufferevent that evhttp is about to own (evhttp_set_bevcb).
 * NULL when there is no memory; then free the bufferevent.
 */
struct http_connection *http_connection_new(struct http_guard *guard,
    struct event_base *base, struct bufferevent *bev);

/* The one that evhttp knows as `evcon`, or NULL. */
struct http_connection *http_guard_find(const struct http_guard *guard,
    const struct evhttp_connection *evcon);

/*
 * Ends all that wait for a request, and takes no new connection. on_idle
 * comes from the loop when none is left.
 */
void http_guard_close(struct http_guard *guard, void (*on_idle)(void *to),
    void *to);

/*
 * The handler has the request now. on_end comes when the connection ends
 * first; it may be NULL.
 */
void http_connection_handle(struct http_connection *conn,
    void (*on_end)(void *to), void *to);

/* The answer comes later: notice meanwhile when the peer goes away. */
void http_connection_wait(struct http_connection *conn);

/* The answer is being written; has the peer sent more than one request? */
void http_connection_reply(struct http_connection *conn);
bool http_connection_is_pipelined(const struct http_connection *conn);

/* An answer without end begins. */
void http_connection_stream(struct http_connection *conn);

/* The answer was written; the next request may come. */
void http_connection_next(struct http_connection *conn);

/* Ends it now, from the event loop. */
void http_connection_cut(struct http_connection *conn);

bool http_connection_is_loopback(const struct http_connection *conn);

#endif
