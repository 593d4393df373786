/*
 * The page and its files, and whether we live.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "control/api.h"
#include "control/room_name.h"
#include "http/http_exchange.h"
#include "http/static_files.h"

void
api_page(struct http_exchange *x, void *to)
{
	(void)to;
	static_files_reply(x, static_files, "index.html");
}

/* Who typed the address, or followed a link, gets words from the page. */
static bool
is_person(const struct http_exchange *x)
{
	const char *accept = http_exchange_header(x, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

void
api_room_page(struct http_exchange *x, void *to)
{
	(void)to;
	if (room_name_is_valid(http_exchange_param(x, "room")) ||
	    is_person(x))
		static_files_reply(x, static_files, "index.html");
	else
		http_exchange_problem(x, PROBLEM_ROOM_NAME, ROOM_NAME_WORDS);
}

void
api_static(struct http_exchange *x, void *to)
{
	(void)to;
	static_files_reply(x, static_files, http_exchange_param(x, "path"));
}

void
api_healthz(struct http_exchange *x, void *to)
{
	(void)to;
	http_exchange_reply(x, 200, "text/plain", "ok\n", 3);
}
