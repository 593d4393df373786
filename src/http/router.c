/*
 * From method and path to a handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/query.h"
#include "http/router.h"

static const char *const method_names[] = { "GET", "HEAD", "POST", "PUT",
	"PATCH", "DELETE", "OPTIONS" };

#define METHOD_COUNT (sizeof(method_names) / sizeof(method_names[0]))

/* Keeps `len` bytes of a path as the value of {name}. */
static bool
catch_value(struct route_params *params, const char *name, size_t name_len,
    const char *text, size_t len)
{
	const unsigned i = params->count;

	if (i == ROUTE_PARAMS_MAX || len == 0)
		return false;
	if (percent_decode(params->of[i].value, sizeof(params->of[i].value),
	    text, len) < 0)
		return false;
	params->of[i].name = name;
	params->of[i].name_len = name_len;
	params->count++;
	return true;
}

/* Both stand behind a slash. True when the pattern fits the whole path. */
static bool
pattern_fits(const char *pattern, const char *path,
    struct route_params *params)
{
	for (;;) {
		const size_t want = strcspn(pattern, "/");
		const size_t have = strcspn(path, "/");

		if (want > 5 && *pattern == '{' &&
		    memcmp(pattern + want - 4, "...}", 4) == 0)
			return catch_value(params, pattern + 1, want - 5,
			    path, strlen(path));
		if (want > 2 && *pattern == '{') {
			if (!catch_value(params, pattern + 1, want - 2, path,
			    have))
				return false;
		} else if (want != have || memcmp(pattern, path, want) != 0) {
			return false;
		}
		if (pattern[want] == '\0' || path[have] == '\0')
			return pattern[want] == path[have];
		pattern += want + 1;
		path += have + 1;
	}
}

const struct route *
router_match(const struct route *routes, enum http_method method,
    const char *path, struct route_params *params, unsigned *allowed)
{
	const unsigned wanted = method == HTTP_HEAD ? HTTP_GET : method;

	*allowed = 0;
	for (const struct route *row = routes; row->pattern; row++) {
		params->count = 0;
		if (*path != '/' ||
		    !pattern_fits(row->pattern + 1, path + 1, params))
			continue;
		if (row->method == wanted)
			return row;
		*allowed |= row->method;
		if (row->method == HTTP_GET)
			*allowed |= HTTP_HEAD;
	}
	params->count = 0;
	return NULL;
}

const char *
route_param(const struct route_params *params, const char *name)
{
	for (unsigned i = 0; i < params->count; i++) {
		if (strlen(name) == params->of[i].name_len &&
		    memcmp(name, params->of[i].name,
		    params->of[i].name_len) == 0)
			return params->of[i].value;
	}
	return NULL;
}

void
router_allow_text(char out[ROUTER_ALLOW_SIZE], unsigned methods)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (methods & 1u << i)
			used += (size_t)snprintf(out + used,
			    ROUTER_ALLOW_SIZE - used, "%s%s",
			    used ? ", " : "", method_names[i]);
	}
}

const char *
router_method_name(enum http_method method)
{
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if ((unsigned)method == 1u << i)
			return method_names[i];
	}
	return "?";
}
