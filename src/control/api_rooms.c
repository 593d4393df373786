/*
 * Rooms in JSON: how many are in one (for all), and which there are (for the
 * operator).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "control/api.h"
#include "control/person_json.h"
#include "control/registry.h"
#include "control/room_name.h"
#include "control/stats_sum.h"
#include "http/http_exchange.h"
#include "http/json_text.h"

/* Takes the JSON. */
static void
reply_json(struct http_exchange *x, json_t *json)
{
	char *text = json_text(json, JSON_COMPACT);

	if (text)
		http_exchange_reply(x, 200, "application/json", text,
		    strlen(text));
	else
		http_exchange_problem(x, PROBLEM_INTERNAL, NULL);
	free(text);
}

void
api_presence(struct http_exchange *x, void *to)
{
	struct api        *api = to;
	const char        *name = http_exchange_param(x, "room");
	struct room_proxy *room;
	unsigned           people = 0;

	if (!room_name_is_valid(name)) {
		http_exchange_problem(x, PROBLEM_ROOM_NAME,
		    ROOM_NAME_WORDS);
		return;
	}
	room = registry_room(api->registry, name);
	if (room)
		people = room_proxy_counts(room).people;
	reply_json(x, json_pack("{s:s, s:i}", "room", name, "people",
	    (int)people));
}

static json_t *
room_json(const struct room_proxy *room)
{
	const struct room_counts counts = room_proxy_counts(room);

	return json_pack("{s:s, s:i, s:i, s:I}", "name",
	    room_proxy_name(room), "people", (int)counts.people, "watchers",
	    (int)counts.watchers, "age_s", (json_int_t)counts.age_s);
}

/* A list that lacks one is none. Takes `item`. */
static void
append(json_t **list, json_t *item)
{
	if (json_array_append_new(*list, item) < 0) {
		json_decref(*list);
		*list = NULL;
	}
}

static void
add_room(struct room_proxy *room, void *to)
{
	append(to, room_json(room));
}

void
api_rooms(struct http_exchange *x, void *to)
{
	struct api *api = to;
	json_t     *rooms = json_array();

	registry_each_room(api->registry, add_room, &rooms);
	reply_json(x, json_pack("{s:o}", "rooms", rooms));
}

static json_t *
participants_json(const struct room_proxy *room)
{
	const struct session *session;
	json_t               *list = json_array();

	TAILQ_FOREACH(session, room_proxy_sessions(room), in_room) {
		json_t *one = person_json(session);

		if (json_object_set_new(one, "watches", json_boolean(
		    session->direction != IPC_JOIN_SEND)) < 0) {
			json_decref(one);
			one = NULL;
		}
		append(&list, one);
	}
	return list;
}

#define FIGURE_ROW(field, help)						\
	bad |= json_object_set_new(figures, #field,			\
	    json_integer((json_int_t)stats->field));
#define CPU_ROW(stage, field) FIGURE_ROW(field, stage)

static json_t *
figures_json(const struct ipc_stats *stats)
{
	json_t *figures = json_object();
	int     bad = 0;

	STATS_GAUGE_ROWS(FIGURE_ROW)
	STATS_COUNTER_ROWS(FIGURE_ROW)
	STATS_CPU_ROWS(CPU_ROW)
	if (bad) {
		json_decref(figures);
		return NULL;
	}
	return figures;
}

void
api_room(struct http_exchange *x, void *to)
{
	struct api        *api = to;
	const char        *name = http_exchange_param(x, "room");
	struct room_proxy *room = room_name_is_valid(name) ?
	    registry_room(api->registry, name) : NULL;
	json_t            *json;

	if (room == NULL) {
		http_exchange_problem(x, PROBLEM_NOT_FOUND,
		    "There is no such room now.");
		return;
	}
	json = room_json(room);
	if (json_object_set_new(json, "participants",
	    participants_json(room)) < 0 || json_object_set_new(json,
	    "figures", figures_json(room_proxy_stats(room))) < 0) {
		json_decref(json);
		json = NULL;
	}
	reply_json(x, json);
}
