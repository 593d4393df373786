/*
 * One request and its answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>

#include "http/host_name.h"
#include "http/http_connection.h"
#include "http/http_exchange.h"
#include "http/http_server.h"
#include "http/query.h"
#include "util/log.h"

struct http_exchange {
	struct evhttp_request  *request;
	struct http_connection *conn;
	const struct log       *log;
	enum http_method        method;
	const struct route     *route;	/* NULL: none fits */
	struct route_params     params;
	const uint8_t          *body;	/* in one piece; NULL: empty */
	size_t                  body_len;
	bool                    incomplete;	/* no memory for a header */
	void (*on_gone)(void *to);
	void                   *to;
};

/*
 * No inline script or style, nothing from elsewhere, no frame around us, and
 * no markup made of text. blob: lets the page play what it made itself.
 */
#define POLICY								\
	"default-src 'self'; script-src 'self'; object-src 'none'; "	\
	"base-uri 'none'; frame-ancestors 'none'; "			\
	"require-trusted-types-for 'script'; media-src 'self' blob:; "	\
	"connect-src 'self'"

static const struct {
	const char *name, *value;
} security_headers[] = {
	{ "Content-Security-Policy", POLICY },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Permissions-Policy", "camera=(self), microphone=(self)" },
};

enum http_method
http_exchange_method(const struct http_exchange *x)
{
	return x->method;
}

const char *
http_exchange_param(const struct http_exchange *x, const char *name)
{
	return route_param(&x->params, name);
}

int
http_exchange_query(const struct http_exchange *x, const char *name,
    char *out, size_t size)
{
	const struct evhttp_uri *uri =
	    evhttp_request_get_evhttp_uri(x->request);

	return query_get(out, size, evhttp_uri_get_query(uri), name);
}

const char *
http_exchange_header(const struct http_exchange *x, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(x->request),
	    name);
}

const uint8_t *
http_exchange_body(const struct http_exchange *x, size_t *len)
{
	*len = x->body_len;
	return x->body;
}

bool
http_exchange_has_type(const struct http_exchange *x, const char *type)
{
	const char  *value = http_exchange_header(x, "Content-Type");
	const size_t len = strlen(type);

	return value && strncasecmp(value, type, len) == 0 &&
	    strchr(" \t;", value[len]) != NULL;
}

/* How exactly a range of Accept names the type; 0: not at all. */
static unsigned
range_fits(const char *range, const char *type)
{
	const size_t len = strcspn(range, ",; \t");
	const size_t main_len = strcspn(type, "/");

	if (len == strlen(type) && strncasecmp(range, type, len) == 0)
		return 3;
	if (len == main_len + 2 && strncasecmp(range, type, main_len) == 0 &&
	    memcmp(range + main_len, "/*", 2) == 0)
		return 2;
	return len == 3 && memcmp(range, "*/*", 3) == 0;
}

/* Whether its weight is 0 (RFC 9110, 12.4.2): all but this. */
static bool
range_refuses(const char *range)
{
	const char *end = range + strcspn(range, ",");

	for (const char *p = range; p < end; p++) {
		if (*p != ';')
			continue;
		p += 1 + strspn(p + 1, " \t");
		if ((*p == 'q' || *p == 'Q') && p[1] == '=')
			return p[2] == '0' && strspn(p + 2, "0.") ==
			    strcspn(p + 2, ",; \t");
		p--;
	}
	return false;
}

bool
http_exchange_accepts(const struct http_exchange *x, const char *type)
{
	const char *accept = http_exchange_header(x, "Accept");
	unsigned    best = 0;
	bool        accepted = false;

	if (accept == NULL || *accept == '\0')
		return true;
	while (*accept != '\0') {
		const unsigned fits = range_fits(accept, type);

		if (fits > best) {
			best = fits;
			accepted = !range_refuses(accept);
		}
		accept += strcspn(accept, ",");
		accept += strspn(accept, ", \t");
	}
	return accepted;
}

bool
http_exchange_is_loopback(const struct http_exchange *x)
{
	return http_connection_is_loopback(x->conn);
}

void
http_exchange_set_header(struct http_exchange *x, const char *name,
    const char *value)
{
	struct evkeyvalq *headers =
	    evhttp_request_get_output_headers(x->request);

	evhttp_remove_header(headers, name);
	if (strpbrk(value, "\r\n"))
		return;		/* evhttp refuses it, too: no memory is short */
	if (evhttp_add_header(headers, name, value) < 0)
		x->incomplete = true;
}

/* evhttp has written the whole answer and lets go of the request. */
static void
on_complete(struct evhttp_request *request, void *arg)
{
	struct http_exchange *x = arg;

	(void)request;
	http_connection_next(x->conn);
	free(x);
}

/* The connection ended before the answer was written. */
static void
on_connection_end(void *arg)
{
	struct http_exchange  *x = arg;
	struct evhttp_request *request = x->request;

	if (x->on_gone)
		x->on_gone(x->to);
	/*
	 * A request that was not answered is cut loose by evhttp and is ours
	 * to free; when evhttp itself is being freed it still owns it.
	 */
	if (evhttp_request_get_connection(request) == NULL)
		evhttp_request_free(request);
	free(x);
}

static void
add_common_headers(struct http_exchange *x)
{
	for (size_t i = 0; i < sizeof(security_headers) /
	    sizeof(security_headers[0]); i++)
		http_exchange_set_header(x, security_headers[i].name,
		    security_headers[i].value);
	if (evhttp_find_header(evhttp_request_get_output_headers(x->request),
	    "Cache-Control") == NULL)
		http_exchange_set_header(x, "Cache-Control", "no-store");
	/* A second request in flight is not answered: say so. */
	if (http_connection_is_pipelined(x->conn))
		http_exchange_set_header(x, "Connection", "close");
}

static void
log_answer(const struct http_exchange *x, int status)
{
	log_debug(x->log, "%s %s %d", router_method_name(x->method),
	    x->route ? x->route->pattern : "?", status);
}

/* No memory for the answer: half of one would mislead, so there is none. */
static void
give_up(struct http_exchange *x)
{
	x->on_gone = NULL;
	http_connection_cut(x->conn);
	http_connection_wait(x->conn);
}

/* Takes the buffer; NULL is an empty body. */
static void
send_reply(struct http_exchange *x, int status, const char *type,
    struct evbuffer *body, size_t len)
{
	char text[24];

	x->on_gone = NULL;
	add_common_headers(x);
	if (type)
		http_exchange_set_header(x, "Content-Type", type);
	if (x->method == HTTP_HEAD) {
		snprintf(text, sizeof(text), "%zu", len);
		http_exchange_set_header(x, "Content-Length", text);
	}
	log_answer(x, status);
	if (x->incomplete) {
		give_up(x);
	} else {
		http_connection_reply(x->conn);
		evhttp_send_reply(x->request, status, http_reason(status),
		    x->method == HTTP_HEAD ? NULL : body);
	}
	if (body)
		evbuffer_free(body);
}

void
http_exchange_reply(struct http_exchange *x, int status, const char *type,
    const void *bytes, size_t len)
{
	struct evbuffer *body = NULL;

	if (type && len > 0) {
		body = evbuffer_new();
		if (body == NULL || evbuffer_add(body, bytes, len) < 0) {
			if (body)
				evbuffer_free(body);
			give_up(x);
			return;
		}
	}
	send_reply(x, status, type, body, len);
}

void
http_exchange_reply_static(struct http_exchange *x, int status,
    const char *type, const void *bytes, size_t len)
{
	struct evbuffer *body = evbuffer_new();

	if (body == NULL ||
	    evbuffer_add_reference(body, bytes, len, NULL, NULL) < 0) {
		if (body)
			evbuffer_free(body);
		http_exchange_problem(x, PROBLEM_INTERNAL, NULL);
		return;
	}
	send_reply(x, status, type, body, len);
}

void
http_exchange_problem(struct http_exchange *x, enum problem problem,
    const char *detail)
{
	char       *text = problem_text(problem, detail);
	const char *words = text ? text : PROBLEM_OF_MEMORY;
	const int   retry_s = problem_retry_after_s(problem);
	char        number[12];

	/* The handler may know better. */
	if (retry_s > 0 && evhttp_find_header(
	    evhttp_request_get_output_headers(x->request),
	    "Retry-After") == NULL) {
		snprintf(number, sizeof(number), "%d", retry_s);
		http_exchange_set_header(x, "Retry-After", number);
	}
	http_exchange_reply(x, text ? problem_status(problem) :
	    problem_status(PROBLEM_INTERNAL), "application/problem+json",
	    words, strlen(words));
	free(text);
}

void
http_exchange_defer(struct http_exchange *x, void (*on_gone)(void *to),
    void *to)
{
	x->on_gone = on_gone;
	x->to = to;
	http_connection_wait(x->conn);
}

int
http_exchange_stream(struct http_exchange *x, const char *type,
    void (*on_gone)(void *to), void *to)
{
	add_common_headers(x);
	http_exchange_set_header(x, "Content-Type", type);
	if (x->incomplete)
		return -ENOMEM;
	x->on_gone = on_gone;
	x->to = to;
	log_answer(x, 200);
	http_connection_stream(x->conn);
	evhttp_send_reply_start(x->request, 200, http_reason(200));
	return 0;
}

/* What the peer has not taken yet. */
static size_t
unsent(const struct http_exchange *x)
{
	struct evhttp_connection *evcon =
	    evhttp_request_get_connection(x->request);

	return evcon == NULL ? 0 : evbuffer_get_length(bufferevent_get_output(
	    evhttp_connection_get_bufferevent(evcon)));
}

int
http_exchange_stream_add(struct http_exchange *x, const char *text,
    size_t len, size_t most)
{
	struct evbuffer *piece;

	if (unsent(x) + len > most)
		return -ENOBUFS;
	piece = evbuffer_new();
	if (piece == NULL || evbuffer_add(piece, text, len) < 0) {
		if (piece)
			evbuffer_free(piece);
		return -ENOBUFS;
	}
	evhttp_send_reply_chunk(x->request, piece);
	evbuffer_free(piece);
	return 0;
}

void
http_exchange_stream_end(struct http_exchange *x)
{
	x->on_gone = NULL;
	http_connection_reply(x->conn);
	evhttp_send_reply_end(x->request);
}

void
http_exchange_stream_cut(struct http_exchange *x)
{
	http_connection_reply(x->conn);
	http_connection_cut(x->conn);
}

static enum http_method
method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return HTTP_GET;
	case EVHTTP_REQ_HEAD:
		return HTTP_HEAD;
	case EVHTTP_REQ_POST:
		return HTTP_POST;
	case EVHTTP_REQ_PATCH:
		return HTTP_PATCH;
	case EVHTTP_REQ_DELETE:
		return HTTP_DELETE;
	case EVHTTP_REQ_OPTIONS:
		return HTTP_OPTIONS;
	default:
		return HTTP_PUT;	/* the gate lets no other through */
	}
}

/* Only HTTP/1.0 goes without a Host, and no browser speaks that. */
static bool
is_misdirected(const struct http_exchange *x,
    const struct http_listener_config *listener)
{
	const char *host = http_exchange_header(x, "Host");

	return listener->direct_only && host && !host_name_is_direct(host);
}

static void
route(struct http_exchange *x, const struct http_listener_config *listener)
{
	const char *path = evhttp_uri_get_path(
	    evhttp_request_get_evhttp_uri(x->request));
	unsigned    allowed;
	char        allow[ROUTER_ALLOW_SIZE];

	x->route = router_match(listener->routes, x->method, path, &x->params,
	    &allowed);
	if (x->route) {
		x->route->handle(x, listener->to);
	} else if (allowed == 0) {
		http_exchange_problem(x, PROBLEM_NOT_FOUND, NULL);
	} else {
		router_allow_text(allow, allowed);
		http_exchange_set_header(x, "Allow", allow);
		http_exchange_problem(x, PROBLEM_METHOD, NULL);
	}
}

void
http_exchange_run(struct evhttp_request *request,
    struct http_connection *conn, const struct http_listener_config *listener,
    const struct log *log)
{
	struct http_exchange *x = calloc(1, sizeof(*x));
	struct evbuffer      *body = evhttp_request_get_input_buffer(request);

	if (x == NULL) {
		http_connection_handle(conn, NULL, NULL);
		http_connection_reply(conn);
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	x->request = request;
	x->conn = conn;
	x->log = log;
	x->method = method_of(request);
	x->body_len = evbuffer_get_length(body);
	x->body = evbuffer_pullup(body, -1);
	http_connection_handle(conn, on_connection_end, x);
	evhttp_request_set_on_complete_cb(request, on_complete, x);
	if (x->body_len > 0 && x->body == NULL)
		http_exchange_problem(x, PROBLEM_INTERNAL, NULL);
	else if (is_misdirected(x, listener))
		http_exchange_problem(x, PROBLEM_MISDIRECTED, "Use the IP "
		    "address of this listener, or localhost.");
	else
		route(x, listener);
}
