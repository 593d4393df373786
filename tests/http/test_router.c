/*
 * Method and path to handler; the query behind the path.
 * SPDX-License-Identifier: GPL-3.0-or-later
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

#include "http/query.h"
#include "http/router.h"

static const struct route routes[] = {
	{ HTTP_GET, "/", NULL },
	{ HTTP_GET, "/healthz", NULL },
	{ HTTP_GET, "/_/{path...}", NULL },
	{ HTTP_POST, "/v1/rooms/{room}/join", NULL },
	{ HTTP_DELETE, "/v1/sessions/{session}", NULL },
	{ HTTP_PATCH, "/v1/sessions/{session}", NULL },
	{ HTTP_GET, "/{room}", NULL },
	ROUTE_END
};

static const char *
matched(enum http_method method, const char *path,
    struct route_params *params)
{
	unsigned            allowed;
	const struct route *row = router_match(routes, method, path, params,
	    &allowed);

	return row ? row->pattern : "none";
}

static void
finds_the_first_row_that_fits(void **state)
{
	struct route_params params;

	(void)state;
	assert_string_equal(matched(HTTP_GET, "/", &params), "/");
	assert_string_equal(matched(HTTP_HEAD, "/healthz", &params),
	    "/healthz");
	assert_string_equal(matched(HTTP_GET, "/blue-fox", &params),
	    "/{room}");
	assert_string_equal(route_param(&params, "room"), "blue-fox");
	assert_null(route_param(&params, "roo"));
	assert_null(route_param(&params, "rooms"));
	assert_string_equal(matched(HTTP_POST, "/v1/rooms/x/join", &params),
	    "/v1/rooms/{room}/join");
	assert_string_equal(route_param(&params, "room"), "x");
}

static void
fits_whole_segments_only(void **state)
{
	static const char *const paths[] = { "", "a", "/v1", "/v1/rooms",
		"/v1/rooms/", "/v1/rooms//join", "/v1/rooms/x/join/",
		"/v1/rooms/x/y/join", "/healthz/", "/v1/sessions/", "/a/b" };
	struct route_params params;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_string_equal(matched(HTTP_POST, paths[i], &params),
		    "none");
}

static void
keeps_an_encoded_slash_in_its_segment(void **state)
{
	struct route_params params;

	(void)state;
	assert_string_equal(matched(HTTP_GET, "/a%2fb", &params), "/{room}");
	assert_string_equal(route_param(&params, "room"), "a/b");
	assert_string_equal(matched(HTTP_GET, "/..%2f..%2fetc", &params),
	    "/{room}");
	assert_string_equal(matched(HTTP_GET, "/_/js/main.js", &params),
	    "/_/{path...}");
	assert_string_equal(route_param(&params, "path"), "js/main.js");
	assert_string_equal(matched(HTTP_GET, "/_/", &params), "none");
}

static void
refuses_broken_escapes_and_long_values(void **state)
{
	struct route_params params;
	char                path[256] = "/";

	(void)state;
	assert_string_equal(matched(HTTP_GET, "/a%", &params), "none");
	assert_string_equal(matched(HTTP_GET, "/a%4", &params), "none");
	assert_string_equal(matched(HTTP_GET, "/a%zz", &params), "none");
	assert_string_equal(matched(HTTP_GET, "/a%00b", &params), "none");
	memset(path + 1, 'a', ROUTE_VALUE_MAX);
	assert_string_equal(matched(HTTP_GET, path, &params), "/{room}");
	path[1 + ROUTE_VALUE_MAX] = 'a';
	assert_string_equal(matched(HTTP_GET, path, &params), "none");
}

static void
tells_what_a_path_allows(void **state)
{
	struct route_params params;
	unsigned            allowed;
	char                text[ROUTER_ALLOW_SIZE];

	(void)state;
	assert_null(router_match(routes, HTTP_PUT, "/v1/sessions/x", &params,
	    &allowed));
	router_allow_text(text, allowed);
	assert_string_equal(text, "PATCH, DELETE");
	assert_null(router_match(routes, HTTP_POST, "/healthz", &params,
	    &allowed));
	router_allow_text(text, allowed);
	assert_string_equal(text, "GET, HEAD");
	assert_null(router_match(routes, HTTP_GET, "/a/b", &params, &allowed));
	assert_int_equal(allowed, 0);
	router_allow_text(text, 127);
	assert_string_equal(text,
	    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	assert_string_equal(router_method_name(HTTP_PATCH), "PATCH");
}

static void
reads_a_query(void **state)
{
	char out[16] = "untouched";

	(void)state;
	assert_int_equal(query_get(out, sizeof(out), NULL, "name"), -ENOENT);
	assert_int_equal(query_get(out, sizeof(out), "", "name"), -ENOENT);
	assert_int_equal(query_get(out, sizeof(out), "names=x&nam=y",
	    "name"), -ENOENT);
	assert_string_equal(out, "untouched");
	assert_int_equal(query_get(out, sizeof(out), "max=1&name=A+b%26%C3%A9",
	    "name"), 0);
	assert_string_equal(out, "A b&\xc3\xa9");
	assert_int_equal(query_get(out, sizeof(out), "name=&max=2", "name"),
	    0);
	assert_string_equal(out, "");
	assert_int_equal(query_get(out, sizeof(out), "&&name=x&", "name"), 0);
	assert_string_equal(out, "x");
}

static void
refuses_a_bad_query(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(query_get(out, sizeof(out), "a=1&a=2", "a"),
	    -EBADMSG);
	assert_int_equal(query_get(out, sizeof(out), "a=%", "a"), -EBADMSG);
	assert_int_equal(query_get(out, sizeof(out), "a=%0", "a"), -EBADMSG);
	assert_int_equal(query_get(out, sizeof(out), "a=%g0", "a"), -EBADMSG);
	assert_int_equal(query_get(out, sizeof(out), "a=%00", "a"), -EBADMSG);
	assert_int_equal(query_get(out, sizeof(out), "a=1234567", "a"), 0);
	assert_int_equal(query_get(out, sizeof(out), "a=12345678", "a"),
	    -ENOSPC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_first_row_that_fits),
		cmocka_unit_test(fits_whole_segments_only),
		cmocka_unit_test(keeps_an_encoded_slash_in_its_segment),
		cmocka_unit_test(refuses_broken_escapes_and_long_values),
		cmocka_unit_test(tells_what_a_path_allows),
		cmocka_unit_test(reads_a_query),
		cmocka_unit_test(refuses_a_bad_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
