/*
 * Joining by HTTP: join, WHIP (RFC 9725) and WHEP are one handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api.h"
#include "control/ice_patch.h"
#include "control/person_json.h"
#include "control/registry.h"
#include "control/room_name.h"
#include "control/signalling.h"
#include "http/http_exchange.h"

#define SDP_TYPE SIGNALLING_TYPE

/* What somebody without a name is called. */
#define NAMELESS "Guest"

/* A request that waits for its room. */
struct waiting {
	struct http_exchange *exchange;
	struct room_join     *join;
};

/* WHIP and WHEP have sessions of their own, which are open to all origins. */
static void
set_location(struct http_exchange *x, const struct session *session)
{
	char location[sizeof("/v1/sessions/") + ROOM_NAME_MAX +
	    SESSION_ID_SIZE];

	if (session->direction == IPC_JOIN_BOTH)
		snprintf(location, sizeof(location), "/v1/sessions/%s",
		    session->id);
	else
		snprintf(location, sizeof(location), "/%s/%s/%s",
		    session->direction == IPC_JOIN_SEND ? "whip" : "whep",
		    room_proxy_name(session->room), session->id);
	http_exchange_set_header(x, "Location", location);
	http_exchange_set_header(x, "Accept-Patch",
	    session->direction == IPC_JOIN_BOTH ?
	    "application/json, " ICE_PATCH_TYPE : ICE_PATCH_TYPE);
}

static void
reply_created(struct http_exchange *x, const struct session *session,
    const char *answer, size_t len)
{
	char id[PERSON_ID_SIZE];

	person_id(id, session->participant);
	set_location(x, session);
	http_exchange_set_header(x, "Tessera-Participant", id);
	http_exchange_set_header(x, "ETag", session->etag);
	http_exchange_reply(x, 201, SDP_TYPE, answer, len);
}

/* A detail comes from the worker: text for a person, of unknown length. */
static void
reply_problem(struct http_exchange *x, const struct room_result *result)
{
	char detail[256];

	snprintf(detail, sizeof(detail), "%.*s", result->text_len > 200 ? 200 :
	    (int)result->text_len, result->text ? result->text : "");
	http_exchange_problem(x, result->problem, detail[0] ? detail : NULL);
}

static void
on_done(void *to, const struct room_result *result)
{
	struct waiting       *waiting = to;
	struct http_exchange *x = waiting->exchange;

	free(waiting);
	if (result->session)
		reply_created(x, result->session, result->text,
		    result->text_len);
	else
		reply_problem(x, result);
}

static void
on_gone(void *to)
{
	struct waiting *waiting = to;

	room_join_cancel(&waiting->join);
	free(waiting);
}

/* What the line up carries, as who joins knows it. */
static bool
read_up(struct http_exchange *x, struct room_wish *wish)
{
	char  text[8] = "";
	char *end;
	int   err = http_exchange_query(x, "up", text, sizeof(text));
	long  kbps;

	if (err == -ENOENT)
		return true;
	kbps = strtol(text, &end, 10);
	if (err < 0 || text[0] < '0' || text[0] > '9' || *end != '\0' ||
	    kbps < 1 || kbps > UINT16_MAX) {
		http_exchange_problem(x, PROBLEM_BAD_REQUEST,
		    "up is a number of kbit/s, 1 to 65535");
		return false;
	}
	wish->up_kbps = (uint16_t)kbps;
	return true;
}

/* The query: name, max and up. False when a problem was answered. */
static bool
read_query(struct http_exchange *x, struct room_wish *wish,
    char name[PERSON_NAME_SIZE])
{
	char text[4 * PERSON_NAME_SIZE] = "";
	char max[8] = "720p";
	int  err = http_exchange_query(x, "max", max, sizeof(max));

	if ((err < 0 && err != -ENOENT) ||
	    max_height_parse(&wish->max_height, max) < 0) {
		http_exchange_problem(x, PROBLEM_BAD_REQUEST,
		    "max is 720p, 360p or 180p");
		return false;
	}
	if (!read_up(x, wish))
		return false;
	err = http_exchange_query(x, "name", text, sizeof(text));
	if (err == 0)
		err = person_name_clean(name, text, strlen(text));
	if (err < 0 && err != -ENOENT) {
		http_exchange_problem(x, PROBLEM_BAD_REQUEST,
		    "name is not UTF-8, or too long");
		return false;
	}
	if (err <= 0)
		snprintf(name, PERSON_NAME_SIZE, "%s", NAMELESS);
	wish->name = name;
	return true;
}

/* Room name, types and offer. False when a problem was answered. */
static bool
read_offer(struct http_exchange *x, struct room_wish *wish)
{
	size_t len;

	if (!room_name_is_valid(http_exchange_param(x, "room"))) {
		http_exchange_problem(x, PROBLEM_ROOM_NAME,
		    ROOM_NAME_WORDS);
		return false;
	}
	if (!http_exchange_has_type(x, SDP_TYPE)) {
		http_exchange_set_header(x, "Accept-Post", SDP_TYPE);
		http_exchange_problem(x, PROBLEM_MEDIA_TYPE,
		    "The body is an SDP offer, " SDP_TYPE ".");
		return false;
	}
	if (!http_exchange_accepts(x, SDP_TYPE)) {
		http_exchange_problem(x, PROBLEM_NOT_ACCEPTABLE,
		    "The answer is " SDP_TYPE ".");
		return false;
	}
	wish->sdp = (const char *)http_exchange_body(x, &len);
	wish->sdp_len = len;
	if (wish->sdp == NULL || memchr(wish->sdp, '\0', len)) {
		http_exchange_problem(x, PROBLEM_BAD_OFFER, wish->sdp ?
		    "The offer holds a NUL." : "The offer is empty.");
		return false;
	}
	return true;
}

/* Why a room cannot be opened. */
static enum problem
problem_of(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EBUSY:
		return PROBLEM_BUSY;
	case -EHOSTDOWN:
		return PROBLEM_ROOM_FAILED;
	case -ESHUTDOWN:
		return PROBLEM_ENDING;
	default:
		return PROBLEM_INTERNAL;
	}
}

static const char *
words_of(int err)
{
	if (err == -EHOSTDOWN)
		return "This room failed three times within a minute and is "
		    "closed for now.";
	return err == -EBUSY ? "Too many want to enter this room at once." :
	    NULL;
}

static void
reply_error(struct http_exchange *x, const struct api *api, int err)
{
	char number[12];

	if (err == -EHOSTDOWN) {
		snprintf(number, sizeof(number), "%u", registry_room_closed_s(
		    api->registry, http_exchange_param(x, "room")));
		http_exchange_set_header(x, "Retry-After", number);
	}
	http_exchange_problem(x, problem_of(err), words_of(err));
}

static void
start(struct http_exchange *x, struct api *api, const struct room_wish *wish)
{
	struct waiting    *waiting = calloc(1, sizeof(*waiting));
	struct room_proxy *room;
	int                err = -ENOMEM;

	/* Who is in a meeting goes first, and so does who comes back to it. */
	if (registry_is_busy(api->registry) && !(wish->resume &&
	    registry_knows(api->registry, wish->resume,
	    http_exchange_param(x, "room")))) {
		free(waiting);
		http_exchange_problem(x, PROBLEM_BUSY, "The meetings that "
		    "run need all of this server's computing power.");
		return;
	}
	if (waiting)
		err = registry_room_open(api->registry,
		    http_exchange_param(x, "room"), &room);
	if (err == 0) {
		waiting->exchange = x;
		err = room_join_start(&waiting->join, room, wish, on_done,
		    waiting);
	}
	if (err) {
		free(waiting);
		reply_error(x, api, err);
		return;
	}
	http_exchange_defer(x, on_gone, waiting);
}

void
signalling_join(struct http_exchange *x, struct api *api,
    enum ipc_direction direction)
{
	struct room_wish wish = { .direction = direction };
	char             name[PERSON_NAME_SIZE];

	if (!read_offer(x, &wish) || !read_query(x, &wish, name))
		return;
	wish.loopback = http_exchange_is_loopback(x);
	wish.resume = http_exchange_header(x, "Tessera-Resume");
	start(x, api, &wish);
}

void
signalling_open(struct http_exchange *x)
{
	http_exchange_set_header(x, "Access-Control-Allow-Origin", "*");
	http_exchange_set_header(x, "Access-Control-Expose-Headers",
	    "Location, ETag, Accept-Patch, Accept-Post, Link, Retry-After, "
	    "Tessera-Participant");
}

void
signalling_preflight(struct http_exchange *x, const char *methods)
{
	signalling_open(x);
	http_exchange_set_header(x, "Allow", methods);
	http_exchange_set_header(x, "Access-Control-Allow-Methods", methods);
	http_exchange_set_header(x, "Access-Control-Allow-Headers",
	    "Content-Type, Authorization, If-Match, If-None-Match, "
	    "Tessera-Resume");
	http_exchange_set_header(x, "Access-Control-Max-Age", "600");
}
