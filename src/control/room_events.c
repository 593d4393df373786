/*
 * What the pages are told: events of a room as JSON.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <jansson.h>

#include "control/person_json.h"
#include "control/room_proxy_internal.h"
#include "http/event_stream.h"
#include "http/http_exchange.h"
#include "http/json_text.h"
#include "util/random.h"

#define GOODBYE_S 2
#define JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(6))

static void
send_to_session(struct session *session, const char *text, size_t len)
{
	for (unsigned i = 0; i < SESSION_STREAMS_MAX; i++) {
		if (session->streams[i])
			event_stream_send(session->streams[i], text, len);
	}
}

/*
 * An event was lost: nobody may believe to know the room. Who was there asks
 * anew, and gets a snapshot.
 */
static void
cut_all(struct room_proxy *room)
{
	struct session *session;

	event_ring_forget(room->ring, random_u32());
	TAILQ_FOREACH(session, &room->sessions, in_room) {
		for (unsigned i = 0; i < SESSION_STREAMS_MAX; i++) {
			if (session->streams[i])
				event_stream_cut(session->streams[i]);
		}
	}
}

/* Adds an event to the ring and sends it to all. Takes `data`. */
static void
tell_all(struct room_proxy *room, const char *name, json_t *data)
{
	char             *json = json_text(data, JSON_STYLE);
	struct event_text event;
	struct session   *session;

	if (json && event_ring_push(room->ring, name, json, &event) == 0) {
		TAILQ_FOREACH(session, &room->sessions, in_room)
			send_to_session(session, event.text, event.len);
	} else {
		cut_all(room);
	}
	free(json);
}

void
room_tell_roster(struct room_proxy *room, const char *op,
    const struct session *session)
{
	tell_all(room, "roster", json_pack("{s:s, s:o}", "op", op, "person",
	    person_json(session)));
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

/* Tiles of those who have left in the meantime are not shown any more. */
static json_t *
tilemap_json(const struct room_proxy *room)
{
	const struct ipc_tilemap *map = &room->tilemap;
	const double              w = map->width, h = map->height;
	json_t                   *tiles = json_array();

	for (unsigned i = 0; i < map->tile_count; i++) {
		const struct ipc_tile *tile = &map->tiles[i];
		const struct session  *session =
		    room_find(room, tile->participant);
		char                   id[PERSON_ID_SIZE];

		if (session == NULL || !session_is_shown(session))
			continue;
		person_id(id, tile->participant);
		append(&tiles, json_pack("{s:s, s:f, s:f, s:f, s:f}", "id", id,
		    "x", tile->x / w, "y", tile->y / h, "w", tile->w / w,
		    "h", tile->h / h));
	}
	return json_pack("{s:I, s:I, s:[i, i], s:o}", "version",
	    (json_int_t)map->version, "rtp", (json_int_t)map->rtp, "canvas",
	    (int)map->width, (int)map->height, "tiles", tiles);
}

void
room_tell_tilemap(struct room_proxy *room)
{
	tell_all(room, "tilemap", tilemap_json(room));
}

static json_t *
speakers_json(const struct room_proxy *room)
{
	json_t *ids = json_array();

	for (unsigned i = 0; i < room->speaking.count; i++) {
		const uint32_t number = room->speaking.participants[i];
		char           id[PERSON_ID_SIZE];

		if (room_find(room, number) == NULL)
			continue;
		person_id(id, number);
		append(&ids, json_string(id));
	}
	return ids;
}

void
room_tell_speaking(struct room_proxy *room)
{
	tell_all(room, "speaking", json_pack("{s:o}", "ids",
	    speakers_json(room)));
}

/* For who reads events without a page; the page has words of its own. */
static void
quality_words(char *out, size_t size, const struct ipc_quality_line *line)
{
	switch (line->reason) {
	case IPC_QUALITY_BUSY:
		snprintf(out, size, "This server is busy: it makes fewer"
		    " pictures a second for a while.");
		break;
	case IPC_QUALITY_UP_RATE:
		snprintf(out, size, "Your line carries %u kbit/s from you,"
		    " so your voice goes first%s.", line->up_line_kbps,
		    line->wanted_kbps == 0 ? " and your picture waits" : "");
		break;
	case IPC_QUALITY_UP_LOSS:
		snprintf(out, size, "%u %% of what you send is lost on the"
		    " way here.", line->up_loss * 100U / 255);
		break;
	case IPC_QUALITY_DOWN_LOSS:
		snprintf(out, size, "%u %% of what is sent to you is lost on"
		    " the way.", line->down_loss * 100U / 255);
		break;
	case IPC_QUALITY_DOWN_RATE:
		snprintf(out, size, "Your line carries %u kbit/s, so you get"
		    " %s.", line->line_kbps, line->height == 0 ?
		    "sound alone" : line->fps == 0 ?
		    "a still picture each two seconds" : "a smaller picture");
		break;
	case IPC_QUALITY_DELAY:
		snprintf(out, size, "Your line is slow: %u ms there and"
		    " back.", line->rtt_ms);
		break;
	default:
		snprintf(out, size, "Your line is fine.");
		break;
	}
}

void
room_tell_quality(struct session *session,
    const struct ipc_quality_line *line)
{
	static const char *const reasons[] = { "fine", "server-busy",
		"uplink-rate", "uplink-loss", "downlink-loss",
		"downlink-rate", "delay" };
	char  words[128];
	char *text = NULL, *json;
	json_t *data;

	if (session->streams[0] == NULL)
		return;
	quality_words(words, sizeof(words), line);
	data = json_pack("{s:s, s:s, s:i, s:{s:i, s:f, s:i, s:i}, s:{s:i, s:f,"
	    " s:i, s:i, s:i}}", "reason", reasons[line->reason], "words", words,
	    "rtt_ms", (int)line->rtt_ms, "up", "kbps", (int)line->up_kbps,
	    "loss", line->up_loss / 255.0, "wanted_kbps",
	    (int)line->wanted_kbps, "line_kbps", (int)line->up_line_kbps,
	    "down", "kbps",
	    (int)line->down_kbps, "loss", line->down_loss / 255.0, "height",
	    (int)line->height, "fps", (int)line->fps, "line_kbps",
	    (int)line->line_kbps);
	json = json_text(data, JSON_COMPACT | JSON_REAL_PRECISION(3));
	if (json)
		text = event_format(NULL, "quality", json);
	if (text)
		send_to_session(session, text, strlen(text));
	free(text);
	free(json);
}

void
room_tell_ended(struct session *session, const char *reason)
{
	char  json[64];
	char *text;

	snprintf(json, sizeof(json), "{\"reason\":\"%s\"}", reason);
	text = event_format(NULL, "ended", json);
	if (text)
		send_to_session(session, text, strlen(text));
	free(text);
	for (unsigned i = 0; i < SESSION_STREAMS_MAX; i++)
		event_stream_end(&session->streams[i]);
}

/* ---- one page's stream -------------------------------------------------- */

static void
send_snapshot(struct session *session, struct event_stream *stream)
{
	const struct room_proxy *room = session->room;
	const struct session    *other;
	json_t                  *people = json_array();
	json_t                  *data;
	char                     id[EVENT_ID_SIZE], you[PERSON_ID_SIZE];
	char                    *json, *text = NULL;

	TAILQ_FOREACH(other, &room->sessions, in_room) {
		if (session_is_shown(other))
			append(&people, person_json(other));
	}
	person_id(you, session->participant);
	data = json_pack("{s:s, s:s, s:o, s:o, s:o}", "room", room->name,
	    "you", you, "people", people, "tilemap",
	    room->has_tilemap ? tilemap_json(room) : json_null(), "speaking",
	    speakers_json(room));
	json = json_text(data, JSON_STYLE);
	event_ring_id(room->ring, id);
	if (json)
		text = event_format(id, "snapshot", json);
	if (text)
		event_stream_send(stream, text, strlen(text));
	else
		event_stream_cut(stream);
	free(text);
	free(json);
}

static void
send_missed(const struct room_proxy *room, struct event_stream *stream,
    unsigned count)
{
	static const char hello[] = ": here again\n\n";

	event_stream_send(stream, hello, sizeof(hello) - 1);
	while (count-- > 0) {
		const struct event_text event = event_ring_at(room->ring,
		    count);

		event_stream_send(stream, event.text, event.len);
	}
}

static void
on_stream_end(struct event_stream *stream, void *to)
{
	const struct timeval goodbye = { GOODBYE_S, 0 };
	struct session      *session = to;

	if (session->streams[0] == stream)
		session->streams[0] = session->streams[1];
	session->streams[1] = NULL;
	if (session->streams[0] == NULL &&
	    event_add(session->goodbye, &goodbye) < 0)
		event_active(session->goodbye, EV_TIMEOUT, 0);
}

void
room_proxy_events(struct session *session, struct http_exchange *exchange,
    const char *last)
{
	struct room_proxy   *room = session->room;
	struct event_stream *stream;
	unsigned             missed;

	if (event_stream_new(&stream, room->host->base, exchange,
	    on_stream_end, session) < 0) {
		http_exchange_problem(exchange, PROBLEM_INTERNAL, NULL);
		return;
	}
	if (session->streams[1]) {
		event_stream_end(&session->streams[0]);
		session->streams[0] = session->streams[1];
		session->streams[1] = NULL;
	}
	session->streams[session->streams[0] ? 1 : 0] = stream;
	session->had_stream = true;
	event_del(session->goodbye);
	if (last && event_ring_missed(room->ring, last, &missed) == 0)
		send_missed(room, stream, missed);
	else
		send_snapshot(session, stream);
}
