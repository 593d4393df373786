/*
 * The listeners of tesserad: HTTP and HTTPS on evhttp.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "http/http_exchange.h"
#include "http/http_server.h"
#include "http/request_head.h"
#include "http/tls_context.h"

#define LISTENERS_MAX 8
#define BACKLOG       128
#define PAUSE_MS      500	/* of accepting, when descriptors ran out */

struct listener {
	struct http_server          *server;
	struct http_listener_config  config;
	struct evhttp               *evhttp;
	struct evhttp_bound_socket  *bound;
};

struct http_server {
	struct event_base *base;
	struct http_guard  guard;
	struct log         log;
	unsigned           count;
	struct listener    listeners[LISTENERS_MAX];
};

struct http_limits
http_limits_default(void)
{
	return (struct http_limits){ .connections_max = 1000,
		.per_address_max = 300, .per_loopback_max = 900,
		.head_ms = 10000, .body_ms = 30000, .reply_ms = 60000,
		.idle_ms = 60000 };
}

int
http_server_new(struct http_server **out, struct event_base *base,
    const struct http_limits *limits, const struct log *log)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	server->base = base;
	server->log = log_for(log, "http");
	http_guard_init(&server->guard, limits, &server->log);
	*out = server;
	return 0;
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	struct listener        *listener = arg;
	struct http_connection *conn =
	    http_guard_find(&listener->server->guard,
	    evhttp_request_get_connection(request));

	if (conn == NULL) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	http_exchange_run(request, conn, &listener->config,
	    &listener->server->log);
}

static struct bufferevent *
plain_or_tls(struct event_base *base, struct tls_context *tls)
{
	struct bufferevent *bev;
	struct ssl_st      *session;

	if (tls == NULL)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	session = tls_context_session(tls);
	if (session == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, -1, session,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev)	/* browsers do not say goodbye */
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

/*
 * A bufferevent for a connection just accepted. With NULL, evhttp makes a
 * plain one of its own, which on_request turns away.
 */
static struct bufferevent *
on_new_bufferevent(struct event_base *base, void *arg)
{
	struct listener    *listener = arg;
	struct bufferevent *bev = plain_or_tls(base, listener->config.tls);

	if (bev && http_connection_new(&listener->server->guard, base, bev))
		return bev;
	if (bev)
		bufferevent_free(bev);
	return NULL;
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(arg);
}

/*
 * Out of descriptors: the socket stays readable, so look away for a while.
 * The argument is evhttp's, hence the one-off timer; listeners live as long
 * as the loop runs.
 */
static void
on_accept_error(struct evconnlistener *evl, void *arg)
{
	const struct timeval pause = { 0, PAUSE_MS * 1000 };

	(void)arg;
	if (event_base_once(evconnlistener_get_base(evl), -1, EV_TIMEOUT,
	    on_resume, evl, &pause) == 0)
		evconnlistener_disable(evl);
}

static int
open_socket(const struct sockaddr *address, socklen_t len)
{
	const int on = 1, off = 0;
	int       fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int       err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)	/* one socket for both */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t               len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int
attach(struct listener *listener, struct event_base *base, int fd)
{
	struct evhttp *evhttp = evhttp_new(base);

	if (evhttp == NULL)
		return -ENOMEM;
	/* Judged before by request_head.h; these only back it up. */
	evhttp_set_max_headers_size(evhttp, REQUEST_HEAD_MAX);
	evhttp_set_max_body_size(evhttp, REQUEST_BODY_MAX);
	evhttp_set_default_content_type(evhttp, NULL);
	evhttp_set_allowed_methods(evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
	    EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
	    EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_gencb(evhttp, on_request, listener);
	evhttp_set_bevcb(evhttp, on_new_bufferevent, listener);
	listener->bound = evhttp_accept_socket_with_handle(evhttp, fd);
	if (listener->bound == NULL) {
		evhttp_free(evhttp);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(
	    listener->bound), on_accept_error);
	listener->evhttp = evhttp;
	return 0;
}

/* "host:port" with both numeric; "[v6]:port". Port 0: any free one. */
static int
parse_address(const char *text, struct sockaddr_storage *out, int *len)
{
	const char   *colon = strrchr(text, ':');
	char          host[64];
	char         *end;
	unsigned long port;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9' ||
	    (size_t)(colon - text) >= sizeof(host))
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	*len = sizeof(*out);
	*out = (struct sockaddr_storage){ 0 };
	if (*end || port > UINT16_MAX || evutil_parse_sockaddr_port(host,
	    (struct sockaddr *)out, len) < 0)
		return -EINVAL;
	if (out->ss_family == AF_INET)
		((struct sockaddr_in *)out)->sin_port = htons((uint16_t)port);
	else if (host[0] == '[')
		((struct sockaddr_in6 *)out)->sin6_port =
		    htons((uint16_t)port);
	else
		return -EINVAL;		/* "::1:80" is an address, no port */
	return 0;
}

int
http_server_listen(struct http_server *server,
    const struct http_listener_config *config, uint16_t *port)
{
	struct listener        *listener = &server->listeners[server->count];
	struct sockaddr_storage address;
	int                     len, fd, err;

	if (server->count == LISTENERS_MAX)
		return -ENOSPC;
	err = parse_address(config->address, &address, &len);
	if (err)
		return err;
	fd = open_socket((struct sockaddr *)&address, (socklen_t)len);
	if (fd < 0)
		return fd;
	listener->server = server;
	listener->config = *config;
	err = attach(listener, server->base, fd);
	if (err) {
		close(fd);
		return err;
	}
	server->count++;
	*port = port_of(fd);
	return 0;
}

void
http_server_set_limits(struct http_server *server,
    const struct http_limits *limits)
{
	server->guard.limits = *limits;
}

void
http_server_counts(const struct http_server *server,
    struct http_server_counts *out)
{
	const struct http_guard *guard = &server->guard;

	*out = (struct http_server_counts){ guard->count, guard->accepted,
		guard->turned_away, guard->refused, guard->late };
}

void
http_server_stop(struct http_server *server, void (*on_idle)(void *to),
    void *to)
{
	for (unsigned i = 0; i < server->count; i++)
		evconnlistener_disable(evhttp_bound_socket_get_listener(
		    server->listeners[i].bound));
	http_guard_close(&server->guard, on_idle, to);
}

void
http_server_free(struct http_server **server)
{
	struct http_server *old = *server;

	*server = NULL;
	if (old == NULL)
		return;
	for (unsigned i = 0; i < old->count; i++)
		evhttp_free(old->listeners[i].evhttp);
	free(old);
}
