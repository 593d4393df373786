/*
 * /whip and /whep: endpoints and sessions of RFC 9725 and its counterpart.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pages of any origin may use them. GET says 204: there is something, and it
 * has nothing to show (RFC 9725, 4.1).
 */
#include "control/api.h"
#include "control/ice_patch.h"
#include "control/registry.h"
#include "control/room_name.h"
#include "control/signalling.h"
#include "http/http_exchange.h"

static void
post(struct http_exchange *x, struct api *api, enum ipc_direction direction)
{
	signalling_open(x);
	signalling_join(x, api, direction);
}

void
api_whip(struct http_exchange *x, void *to)
{
	post(x, to, IPC_JOIN_SEND);
}

void
api_whep(struct http_exchange *x, void *to)
{
	post(x, to, IPC_JOIN_WATCH);
}

/* Whether the path has a room's name; else a problem was answered. */
static bool
has_room(struct http_exchange *x)
{
	if (room_name_is_valid(http_exchange_param(x, "room")))
		return true;
	http_exchange_problem(x, PROBLEM_ROOM_NAME, ROOM_NAME_WORDS);
	return false;
}

void
api_endpoint_get(struct http_exchange *x, void *to)
{
	(void)to;
	signalling_open(x);
	if (has_room(x))
		http_exchange_reply(x, 204, NULL, NULL, 0);
}

/* RFC 9725, 4.2: 200, with the type that is taken. */
void
api_endpoint_options(struct http_exchange *x, void *to)
{
	(void)to;
	signalling_preflight(x, "POST, GET, HEAD, OPTIONS");
	if (!has_room(x))
		return;
	http_exchange_set_header(x, "Accept-Post", SIGNALLING_TYPE);
	http_exchange_reply(x, 200, NULL, NULL, 0);
}

/* ---- sessions ------------------------------------------------------------ */

/* The session of the path; NULL when a problem was answered. */
static struct session *
find_session(struct http_exchange *x, struct api *api,
    enum ipc_direction direction)
{
	struct session *session = registry_session(api->registry,
	    http_exchange_param(x, "session"));

	signalling_open(x);
	if (session && session->direction == direction &&
	    registry_room(api->registry, http_exchange_param(x, "room")) ==
	    session->room)
		return session;
	http_exchange_problem(x, PROBLEM_NOT_FOUND,
	    "There is no such session, or it has ended.");
	return NULL;
}

/* Of an entity tag nothing is asked (RFC 9725, 4.3.1). */
static void
delete_session(struct http_exchange *x, struct api *api,
    enum ipc_direction direction)
{
	struct session *session = find_session(x, api, direction);

	if (session == NULL)
		return;
	room_proxy_leave(session);
	http_exchange_reply(x, 200, NULL, NULL, 0);
}

static void
patch_session(struct http_exchange *x, struct api *api,
    enum ipc_direction direction)
{
	struct session *session = find_session(x, api, direction);

	if (session == NULL)
		return;
	if (http_exchange_has_type(x, ICE_PATCH_TYPE)) {
		ice_patch(x, session);
		return;
	}
	http_exchange_set_header(x, "Accept-Patch", ICE_PATCH_TYPE);
	http_exchange_problem(x, PROBLEM_MEDIA_TYPE, NULL);
}

static void
get_session(struct http_exchange *x, struct api *api,
    enum ipc_direction direction)
{
	if (find_session(x, api, direction))
		http_exchange_reply(x, 204, NULL, NULL, 0);
}

void
api_whip_delete(struct http_exchange *x, void *to)
{
	delete_session(x, to, IPC_JOIN_SEND);
}

void
api_whip_patch(struct http_exchange *x, void *to)
{
	patch_session(x, to, IPC_JOIN_SEND);
}

void
api_whip_get(struct http_exchange *x, void *to)
{
	get_session(x, to, IPC_JOIN_SEND);
}

void
api_whep_delete(struct http_exchange *x, void *to)
{
	delete_session(x, to, IPC_JOIN_WATCH);
}

void
api_whep_patch(struct http_exchange *x, void *to)
{
	patch_session(x, to, IPC_JOIN_WATCH);
}

void
api_whep_get(struct http_exchange *x, void *to)
{
	get_session(x, to, IPC_JOIN_WATCH);
}

/* Before a DELETE or PATCH of another origin: tells nothing of the session. */
void
api_session_options(struct http_exchange *x, void *to)
{
	(void)to;
	signalling_preflight(x, "PATCH, DELETE, GET, HEAD, OPTIONS");
	http_exchange_set_header(x, "Accept-Patch", ICE_PATCH_TYPE);
	http_exchange_reply(x, 200, NULL, NULL, 0);
}
