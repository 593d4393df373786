/*
 * One session: somebody's being in a room, and the id that gives power over it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The id is 256 random bits in base64url. It is the capability for the
 * session's URL, so it is never logged; it is compared in constant time.
 * A session belongs to its room (room_proxy.h) and stands in the table of the
 * registry. Main thread.
 */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/person_name.h"
#include "ipc/messages.h"
#include "util/encode.h"
#include "util/rate_limit.h"

#define SESSION_ID_SIZE     BASE64URL_SIZE(32)
#define SESSION_ETAG_SIZE   19			/* 16 digits and quotes */
#define SESSION_STREAMS_MAX 2
#define SESSION_BUCKETS     1024

struct event;
struct event_stream;
struct room_proxy;

enum session_state { SESSION_JOINING, SESSION_HERE, SESSION_WEAK };

struct session {
	LIST_ENTRY(session)  in_table;
	TAILQ_ENTRY(session) in_room;
	struct room_proxy   *room;
	char                 id[SESSION_ID_SIZE];
	char                 etag[SESSION_ETAG_SIZE];
	uint32_t             participant;
	uint32_t             place;	/* of its tile, in order */
	enum ipc_direction   direction;
	char                 name[PERSON_NAME_SIZE];
	bool                 mic, camera;
	uint16_t             max_height;
	enum session_state   state;
	/* Open event streams, the older first, NULL behind. */
	struct event_stream *streams[SESSION_STREAMS_MAX];
	bool                 quiet;	/* nothing heard for 2 s */
	bool                 away;	/* for 12 s: not shown */
	struct event        *goodbye;	/* streams ended a while ago */
	bool                 had_stream;
	struct rate_limit    changes;	/* that its owner asked for */
};

TAILQ_HEAD(session_list, session);

/* All sessions by id; plain value. */
struct session_table {
	LIST_HEAD(, session) buckets[SESSION_BUCKETS];
	unsigned             count;
};

/* A new one with fresh id and ETag, in the table; NULL without memory. */
struct session *session_new(struct session_table *table);

/* Whether its owner may change something again; each change costs others. */
bool session_may_change(struct session *session, int64_t now_us);

/* Its ICE has begun anew: what named the one before does so no more. */
void session_renew_etag(struct session *session);

/* Takes it out of the table. Streams and timer must have ended. */
void session_free(struct session_table *table, struct session **session);

/* The session of this id, or NULL. */
struct session *session_find(const struct session_table *table,
    const char *id);

/* Watchers are not people: they have no tile and nobody sees them. */
bool session_is_person(const struct session *session);

/* A person whom the others see now. */
bool session_is_shown(const struct session *session);

#endif
