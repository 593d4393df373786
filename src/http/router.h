/*
 * From method and path to a handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A table of rows {methods, pattern, handler}, searched in order. In a
 * pattern "{name}" stands for one segment, "{name...}" at the end for all
 * that is left. Segments are percent-decoded one by one, so an encoded slash
 * stays inside its segment. A GET row answers HEAD too. Pure.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include <stddef.h>

struct http_exchange;

enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_PATCH = 16,
	HTTP_DELETE = 32,
	HTTP_OPTIONS = 64,
};

struct route {
	enum http_method method;
	const char      *pattern;
	void (*handle)(struct http_exchange *exchange, void *to);
};

#define ROUTE_END { 0, NULL, NULL }
#define ROUTE_PARAMS_MAX 2
#define ROUTE_VALUE_MAX  128	/* bytes after decoding */

struct route_params {
	unsigned count;
	struct {
		const char *name;	/* in the pattern: not terminated */
		size_t      name_len;
		char        value[ROUTE_VALUE_MAX + 1];
	} of[ROUTE_PARAMS_MAX];
};

/*
 * The row for this request, and what its pattern caught. NULL when there is
 * none: then *allowed are the methods that the path has, 0 when there is no
 * such path at all.
 */
const struct route *router_match(const struct route *routes,
    enum http_method method, const char *path, struct route_params *params,
    unsigned *allowed);

/* The value of {name}, or NULL. */
const char *route_param(const struct route_params *params, const char *name);

#define ROUTER_ALLOW_SIZE 64

/* "GET, HEAD, POST" for a set of methods. */
void router_allow_text(char out[ROUTER_ALLOW_SIZE], unsigned methods);

/* "GET"; "?" for none. */
const char *router_method_name(enum http_method method);

#endif
