/*
 * The inside of a room, shared by the room_*.c files.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CONTROL_ROOM_PROXY_INTERNAL_H
#define CONTROL_ROOM_PROXY_INTERNAL_H

#include "control/room_name.h"
#include "control/room_proxy.h"
#include "http/event_ring.h"

struct worker;

TAILQ_HEAD(room_joins, room_join);
TAILQ_HEAD(room_restarts, room_restart);

struct room_proxy {
	struct room_host   *host;
	char                name[ROOM_NAME_MAX + 1];
	struct log          log;
	struct worker      *worker;	/* NULL: waiting */
	struct session_list sessions;	/* in the order of joining */
	struct room_joins   joins;	/* not answered yet */
	struct room_restarts restarts;	/* likewise */
	struct event_ring  *ring;
	struct event       *linger;	/* empty */
	int64_t             opened_us;
	uint32_t            last_request;
	struct rate_limit   asked;	/* of the worker */
	uint32_t            next_place;
	bool                has_tilemap;
	struct ipc_tilemap  tilemap;
	struct ipc_speaking speaking;
	struct ipc_stats    stats;
	int64_t             stats_us;	/* when they came; 0: never */
};

/* A room without anybody there ends after a while. */
void room_check_empty(struct room_proxy *room);

struct session *room_find(const struct room_proxy *room,
    uint32_t participant);

/*
 * Ends a session: tells its pages and the others, and frees it. With `keep`
 * it may be resumed.
 */
void room_drop(struct session *session, const char *reason, bool keep);

/*
 * Whether the worker may be asked something again, a join or a restart: each
 * costs it an answer and other words, of which more than some are a flood.
 */
bool room_may_ask(struct room_proxy *room);

/* LEAVE to the worker, if there is one. */
void room_send_leave(struct room_proxy *room, uint32_t participant,
    enum ipc_gone reason);

/* ---- room_join.c -------------------------------------------------------- */

/* The worker is there: send what waits. */
void room_joins_send(struct room_proxy *room);

/* Answers all that wait with this problem. */
void room_joins_fail(struct room_proxy *room, enum problem problem);

/* 0, or -EBADMSG for an answer that no worker of ours would give. */
int room_on_answer(struct room_proxy *room, const struct ipc_answer *answer);

/* Whether this number waits to be answered. */
bool room_is_joining(const struct room_proxy *room, uint32_t participant);

/* ---- room_restart.c ----------------------------------------------------- */

/* Answers all that wait with this problem. */
void room_restarts_fail(struct room_proxy *room, enum problem problem);

/* The participant has gone: answers those of his that wait. */
void room_restarts_drop(struct room_proxy *room, uint32_t participant);

/* As room_on_answer, which leaves to it what is no join's. */
int room_on_restarted(struct room_proxy *room,
    const struct ipc_answer *answer);

/* ---- room_events.c ------------------------------------------------------ */

void room_tell_roster(struct room_proxy *room, const char *op,
    const struct session *session);
void room_tell_tilemap(struct room_proxy *room);
void room_tell_speaking(struct room_proxy *room);

/* To the pages of this session only; what they missed is not sent again. */
void room_tell_quality(struct session *session,
    const struct ipc_quality_line *line);

/* "ended" to the pages of this session, and their streams end. */
void room_tell_ended(struct session *session, const char *reason);

#endif
