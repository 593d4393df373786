/*
 * The HTTP side of a peer: POST an offer, PATCH and DELETE the session.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "peer/join_client.h"
#include "util/xalloc.h"

#define REQUEST_TIMEOUT_S 15

struct join_call {
	SSL_CTX                  *tls;
	struct evhttp_connection *connection;
	void (*done)(void *to, const struct join_result *result);
	void  *to;
};

int
join_target_parse(struct join_target *out, const char *url)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char        *scheme, *host, *path;
	size_t             len;
	int                port, err = -EINVAL;

	if (uri == NULL)
		return err;
	scheme = evhttp_uri_get_scheme(uri);
	host = evhttp_uri_get_host(uri);
	path = evhttp_uri_get_path(uri);
	port = evhttp_uri_get_port(uri);
	if (scheme && host && path && path[0] == '/' &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)) {
		out->tls = strcmp(scheme, "https") == 0;
		out->port = (unsigned short)(port > 0 ? port :
		    out->tls ? 443 : 80);
		if (host[0] == '[')
			host++;
		len = strcspn(host, "]");
		if (len < sizeof(out->host) && path[1] &&
		    strlen(path + 1) < sizeof(out->room)) {
			memcpy(out->host, host, len);
			out->host[len] = '\0';
			snprintf(out->room, sizeof(out->room), "%s",
			    path + 1);
			err = 0;
		}
	}
	evhttp_uri_free(uri);
	return err;
}

static void
call_free(struct join_call *call)
{
	if (call->connection)
		evhttp_connection_free(call->connection);
	if (call->tls)
		SSL_CTX_free(call->tls);
	free(call);
}

/* The connection may not be freed inside its own callback. */
static void
call_free_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	call_free(arg);
}

static void
call_done(struct evhttp_request *request, void *arg)
{
	struct join_call    *call = arg;
	struct join_result   result = { 0 };
	const struct timeval now = { 0, 0 };
	struct event_base   *base = evhttp_connection_get_base(
	    call->connection);

	if (request && evhttp_request_get_response_code(request) != 0) {
		struct evbuffer *body = evhttp_request_get_input_buffer(
		    request);

		result.status = evhttp_request_get_response_code(request);
		result.body_len = evbuffer_get_length(body);
		result.body = (const char *)evbuffer_pullup(body, -1);
		result.location = evhttp_find_header(
		    evhttp_request_get_input_headers(request), "Location");
	}
	call->done(call->to, &result);
	event_base_once(base, -1, EV_TIMEOUT, call_free_later, call, &now);
}

static int
call_connect(struct join_call *call, struct event_base *base,
    const struct join_target *target)
{
	struct bufferevent *bev = NULL;

	if (target->tls) {
		SSL *ssl;

		call->tls = SSL_CTX_new(TLS_client_method());
		ssl = call->tls ? SSL_new(call->tls) : NULL;
		if (ssl == NULL)
			return -ENOMEM;
		bev = bufferevent_openssl_socket_new(base, -1, ssl,
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	}
	call->connection = evhttp_connection_base_bufferevent_new(base, NULL,
	    bev, target->host, target->port);
	if (call->connection == NULL)
		return -ENOMEM;
	evhttp_connection_set_timeout(call->connection, REQUEST_TIMEOUT_S);
	return 0;
}

static const enum evhttp_cmd_type commands[] = {
	[JOIN_POST] = EVHTTP_REQ_POST,
	[JOIN_PATCH] = EVHTTP_REQ_PATCH,
	[JOIN_DELETE] = EVHTTP_REQ_DELETE,
};

static void
request_fill(struct evhttp_request *request, const struct join_target *target,
    const struct join_ask *ask)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	const bool        v6 = strchr(target->host, ':') != NULL;
	char              host[192], length[24];

	snprintf(host, sizeof(host), "%s%s%s:%u", v6 ? "[" : "",
	    target->host, v6 ? "]" : "", target->port);
	evhttp_add_header(headers, "Host", host);
	evhttp_add_header(headers, "Connection", "close");
	if (ask->body == NULL)
		return;
	evhttp_add_header(headers, "Content-Type", ask->method == JOIN_POST ?
	    "application/sdp" : "application/trickle-ice-sdpfrag");
	if (ask->method == JOIN_PATCH) {
		/* Which libevent adds to POST and PUT only. */
		snprintf(length, sizeof(length), "%zu", strlen(ask->body));
		evhttp_add_header(headers, "Content-Length", length);
		evhttp_add_header(headers, "If-Match", "*");
	}
	if (ask->resume)
		evhttp_add_header(headers, "Tessera-Resume", ask->resume);
	evbuffer_add(evhttp_request_get_output_buffer(request), ask->body,
	    strlen(ask->body));
}

int
join_request(struct event_base *base, const struct join_target *target,
    const struct join_ask *ask,
    void (*done)(void *to, const struct join_result *result), void *to)
{
	struct join_call      *call = xcalloc(1, sizeof(*call));
	struct evhttp_request *request;
	int                    err;

	call->done = done;
	call->to = to;
	err = call_connect(call, base, target);
	if (err) {
		call_free(call);
		return err;
	}
	request = evhttp_request_new(call_done, call);
	if (request == NULL) {
		call_free(call);
		return -ENOMEM;
	}
	request_fill(request, target, ask);
	if (evhttp_make_request(call->connection, request,
	    commands[ask->method], ask->path) != 0) {
		call_free(call);
		return -EIO;
	}
	return 0;
}
