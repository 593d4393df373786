/*
 * /v1/sessions/{session}: leave, change, hear what happens.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "control/api.h"
#include "control/ice_patch.h"
#include "control/registry.h"
#include "http/http_exchange.h"
#include "util/clock.h"

/* The session of the path; NULL when a problem was answered. */
static struct session *
find_session(struct http_exchange *x, struct api *api)
{
	struct session *session = registry_session(api->registry,
	    http_exchange_param(x, "session"));

	if (session == NULL)
		http_exchange_problem(x, PROBLEM_NOT_FOUND,
		    "There is no such session, or it has ended.");
	return session;
}

void
api_session_delete(struct http_exchange *x, void *to)
{
	struct session *session = find_session(x, to);

	if (session == NULL)
		return;
	room_proxy_leave(session);
	http_exchange_reply(x, 200, NULL, NULL, 0);
}

static void
patch_by_json(struct http_exchange *x, struct session *session)
{
	struct session_patch patch;
	char                 why[JSON_BODY_WHY];
	size_t               len;
	const uint8_t       *body = http_exchange_body(x, &len);
	const int            err = session_patch_parse(&patch, why, body,
	    len);

	if (err < 0) {
		http_exchange_problem(x, err == -ENOMEM ? PROBLEM_INTERNAL :
		    PROBLEM_BAD_REQUEST, err == -ENOMEM ? NULL : why);
		return;
	}
	if (!session_may_change(session, clock_monotonic_us())) {
		http_exchange_problem(x, PROBLEM_TOO_MANY, NULL);
		return;
	}
	room_proxy_patch(session, &patch);
	http_exchange_reply(x, 204, NULL, NULL, 0);
}

void
api_session_patch(struct http_exchange *x, void *to)
{
	struct session *session = find_session(x, to);

	if (session == NULL)
		return;
	if (http_exchange_has_type(x, "application/json")) {
		patch_by_json(x, session);
	} else if (http_exchange_has_type(x, ICE_PATCH_TYPE)) {
		ice_patch(x, session);
	} else {
		http_exchange_set_header(x, "Accept-Patch",
		    "application/json, " ICE_PATCH_TYPE);
		http_exchange_problem(x, PROBLEM_MEDIA_TYPE, NULL);
	}
}

void
api_session_events(struct http_exchange *x, void *to)
{
	struct session *session = find_session(x, to);

	if (session == NULL)
		return;
	if (http_exchange_method(x) == HTTP_HEAD)
		http_exchange_reply(x, 200, NULL, NULL, 0);
	else
		room_proxy_events(session, x,
		    http_exchange_header(x, "Last-Event-ID"));
}
