/*
 * One request and its answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A handler gets a struct http_exchange and answers it once: at once, or
 * later after http_exchange_defer. With the answer the exchange is no longer
 * the handler's. When the peer goes away before, on_gone comes instead, and
 * with its return the exchange is gone too.
 *
 * All answers carry the security headers; those of the interface are not to
 * be stored. Main thread. Pointers into the request are borrowed until the
 * answer.
 */
#ifndef HTTP_HTTP_EXCHANGE_H
#define HTTP_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/problem.h"
#include "http/router.h"

struct evhttp_request;
struct http_connection;
struct http_listener_config;
struct http_exchange;
struct log;

/* ---- the request -------------------------------------------------------- */

enum http_method http_exchange_method(const struct http_exchange *x);

/* What {name} in the pattern of the route caught, or NULL. */
const char *http_exchange_param(const struct http_exchange *x,
    const char *name);

/* As query_get() in http/query.h. */
int http_exchange_query(const struct http_exchange *x, const char *name,
    char *out, size_t size);

/* The first field of this name, or NULL. */
const char *http_exchange_header(const struct http_exchange *x,
    const char *name);

/* At most REQUEST_BODY_MAX bytes; NULL only when there is none. */
const uint8_t *http_exchange_body(const struct http_exchange *x, size_t *len);

/* Whether Content-Type is `type`, whatever its parameters. */
bool http_exchange_has_type(const struct http_exchange *x, const char *type);

/* Whether Accept is absent or takes "main/sub"; q=0 is not looked at. */
bool http_exchange_accepts(const struct http_exchange *x, const char *type);

bool http_exchange_is_loopback(const struct http_exchange *x);

/* ---- the answer --------------------------------------------------------- */

/* A header of the answer; what cannot be one (CR, LF) is left out. */
void http_exchange_set_header(struct http_exchange *x, const char *name,
    const char *value);

/* `type` NULL: no body. The bytes are copied. */
void http_exchange_reply(struct http_exchange *x, int status,
    const char *type, const void *bytes, size_t len);

/* The same for bytes that outlive the connection (static files). */
void http_exchange_reply_static(struct http_exchange *x, int status,
    const char *type, const void *bytes, size_t len);

/*
 * A problem document; `detail` may be NULL. Some have a Retry-After, when
 * the handler has set none.
 */
void http_exchange_problem(struct http_exchange *x, enum problem problem,
    const char *detail);

/* The answer comes later; on_gone(to) when the peer went before. */
void http_exchange_defer(struct http_exchange *x, void (*on_gone)(void *to),
    void *to);

/* ---- an answer without end ---------------------------------------------- */

/*
 * Sends the status 200 and the headers; the body follows in pieces.
 * on_gone(to) when the peer ends it. Returns 0, or -ENOMEM: nothing is sent.
 */
int http_exchange_stream(struct http_exchange *x, const char *type,
    void (*on_gone)(void *to), void *to);

/* Returns 0, or -ENOBUFS when more than `most` bytes were still unsent. */
int http_exchange_stream_add(struct http_exchange *x, const char *text,
    size_t len, size_t most);

/* The stream is complete; no on_gone any more. */
void http_exchange_stream_end(struct http_exchange *x);

/* It is broken off; on_gone follows from the loop. */
void http_exchange_stream_cut(struct http_exchange *x);

/* ---- for http_server ---------------------------------------------------- */

/*
 * Finds the handler of a request that evhttp has read, and calls it. The log
 * (borrowed for the connection) gets method, pattern and status, never the
 * path: it may be a capability.
 */
void http_exchange_run(struct evhttp_request *request,
    struct http_connection *conn, const struct http_listener_config *listener,
    const struct log *log);

#endif
