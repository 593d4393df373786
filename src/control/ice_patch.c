/*
 * PATCH with an SDP fragment: candidates, and ICE restarts (RFC 9725, 4.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/ice_patch.h"
#include "control/room_proxy.h"
#include "http/http_exchange.h"
#include "util/clock.h"

/* A request that waits for its room. */
struct waiting {
	struct http_exchange *exchange;
	struct room_restart  *restart;
};

bool
ice_patch_matches(const char *field, const char *etag)
{
	const size_t len = strlen(etag);

	while (*field != '\0') {
		const size_t item = strcspn(field, ", \t");

		if (item == len && memcmp(field, etag, len) == 0)
			return true;
		/* The RFC's own examples have it in quotes. */
		if ((item == 1 && *field == '*') ||
		    (item == 3 && memcmp(field, "\"*\"", 3) == 0))
			return true;
		field += item;
		field += strspn(field, ", \t");
	}
	return false;
}

static void
reply(struct http_exchange *x, const struct room_result *result)
{
	char why[256];

	if (result->session == NULL) {
		snprintf(why, sizeof(why), "%.*s", result->text_len > 200 ?
		    200 : (int)result->text_len,
		    result->text ? result->text : "");
		http_exchange_problem(x, result->problem,
		    why[0] ? why : NULL);
	} else if (result->text_len == 0) {
		http_exchange_reply(x, 204, NULL, NULL, 0);
	} else {
		http_exchange_set_header(x, "ETag", result->session->etag);
		http_exchange_reply(x, 200, ICE_PATCH_TYPE, result->text,
		    result->text_len);
	}
}

static void
on_done(void *to, const struct room_result *result)
{
	struct waiting       *waiting = to;
	struct http_exchange *x = waiting->exchange;

	free(waiting);
	reply(x, result);
}

static void
on_gone(void *to)
{
	struct waiting *waiting = to;

	room_restart_cancel(&waiting->restart);
	free(waiting);
}

static void
start(struct http_exchange *x, struct session *session,
    const struct room_fragment *fragment)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	int             err = -ENOMEM;

	if (waiting)
		err = room_restart_start(&waiting->restart, session, fragment,
		    on_done, waiting);
	if (err) {
		free(waiting);
		http_exchange_problem(x, err == -EBUSY ? PROBLEM_BUSY :
		    PROBLEM_INTERNAL, NULL);
		return;
	}
	waiting->exchange = x;
	http_exchange_defer(x, on_gone, waiting);
}

void
ice_patch(struct http_exchange *x, struct session *session)
{
	const char          *match = http_exchange_header(x, "If-Match");
	struct room_fragment fragment;

	if (match == NULL) {
		http_exchange_problem(x, PROBLEM_PRECONDITION_REQUIRED, NULL);
		return;
	}
	if (!ice_patch_matches(match, session->etag)) {
		http_exchange_problem(x, PROBLEM_PRECONDITION, NULL);
		return;
	}
	fragment.text = (const char *)http_exchange_body(x, &fragment.len);
	fragment.loopback = http_exchange_is_loopback(x);
	if (fragment.len == 0 || memchr(fragment.text, '\0', fragment.len)) {
		http_exchange_problem(x, PROBLEM_BAD_REQUEST, fragment.len ?
		    "The fragment holds a NUL." : "The fragment is empty.");
		return;
	}
	if (!session_may_change(session, clock_monotonic_us())) {
		http_exchange_problem(x, PROBLEM_TOO_MANY, NULL);
		return;
	}
	start(x, session, &fragment);
}
