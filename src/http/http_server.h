/*
 * The listeners of tesserad: HTTP and HTTPS on evhttp.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One server, some listeners, each with its routes; the limits are of the
 * server. Each connection goes through http_connection.h, each request to
 * its handler as a struct http_exchange. Main thread.
 */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_connection.h"
#include "http/router.h"
#include "util/log.h"

struct event_base;
struct http_server;
struct tls_context;

/* 1000 connections, 300 of one address (900 of loopback); 10, 30, 60 s. */
struct http_limits http_limits_default(void);

struct http_listener_config {
	const char         *address;	/* "127.0.0.1:8080", "[::]:8443" */
	struct tls_context *tls;	/* borrowed; NULL: plain */
	const struct route *routes;	/* borrowed */
	void               *to;		/* for the handlers */
	bool direct_only;	/* Host must pass host_name_is_direct() */
};

struct http_server_counts {
	unsigned connections;
	uint64_t accepted;
	uint64_t turned_away;		/* over a limit */
	uint64_t refused;		/* malformed heads */
	uint64_t late;			/* over a deadline */
};

/* 0 or -ENOMEM. */
int http_server_new(struct http_server **out, struct event_base *base,
    const struct http_limits *limits, const struct log *log);

/*
 * Opens a listener. "[::]" takes IPv4 too. Returns 0 with the port in *port
 * (the one chosen when the address says 0); -EINVAL for what is no address
 * with a port; -EADDRINUSE, -EACCES, another -errno.
 */
int http_server_listen(struct http_server *server,
    const struct http_listener_config *config, uint16_t *port);

void http_server_set_limits(struct http_server *server,
    const struct http_limits *limits);

void http_server_counts(const struct http_server *server,
    struct http_server_counts *out);

/*
 * Accepts no more and ends what is idle. on_idle comes, from the loop, when
 * the last connection has ended.
 */
void http_server_stop(struct http_server *server, void (*on_idle)(void *to),
    void *to);

/* Breaks off what is left; on_gone comes for what was not answered. */
void http_server_free(struct http_server **server);

#endif
