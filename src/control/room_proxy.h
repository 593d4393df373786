/*
 * One room as tesserad sees it: its worker, who is in it, what they were told.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   new ─► WAITING (no spare worker yet) ─► OPEN ─┬─ empty for 10 s ─► on_end
 *              ▲                                    │
 *              └────────────────────────────────────┴─ worker gone
 *                                                      (3 in 60 s ─► on_end)
 *
 * When the worker goes, all sessions end with the reason "room-failed", and
 * the room takes a spare at once: who comes back by the id of his session is
 * the same participant in the same place. After three deaths in 60 s the
 * reason is "room-closed", and the room stays closed for a while
 * (room_deaths.h).
 *
 * It turns what the worker says into events for the people's pages, and what
 * people ask into messages for the worker. Every message of the worker is
 * checked against the roster; a wrong one kills the worker, and with it this
 * room only. Main thread; callbacks come from the event loop.
 */
#ifndef CONTROL_ROOM_PROXY_H
#define CONTROL_ROOM_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/cpu_idle.h"
#include "control/cpu_load.h"
#include "control/resume.h"
#include "control/session.h"
#include "control/session_patch.h"
#include "http/problem.h"
#include "ipc/messages.h"
#include "util/log.h"

struct event_base;
struct http_exchange;
struct room_join;
struct room_deaths;
struct room_proxy;
struct room_restart;
struct supervisor;

/* What all rooms share; owned by the registry. */
struct room_host {
	struct event_base    *base;
	struct supervisor    *supervisor;
	struct session_table  sessions;
	struct resume        *resume;
	struct room_deaths   *deaths;
	struct ipc_stats      ended;	/* of workers that have ended */
	struct log            log;
	struct cpu_load       load;
	struct cpu_idle       idle;
	/* The room has ended: take it out and free it. */
	void (*on_end)(struct room_proxy *room, void *to);
	void                 *to;
};

/*
 * Opens a room, or waits for a spare worker. Returns 0; -ENOSPC when no more
 * rooms may be open; -ENOMEM.
 */
int  room_proxy_new(struct room_proxy **out, struct room_host *host,
    const char *name);

/* Ends it without telling anybody. NULL is fine. */
void room_proxy_free(struct room_proxy **room);

/*
 * Ends it now, with on_end of the host, when it only lingers: nobody is there.
 * Returns whether it has ended.
 */
bool room_proxy_give_way(struct room_proxy *room);

/* A spare worker is ready: a room that waits takes it. */
void room_proxy_try_open(struct room_proxy *room);

/* Tells every page that the server ends. */
void room_proxy_shutdown(struct room_proxy *room);

struct room_counts {
	unsigned people, watchers;
	int64_t  age_s;
};

const char                *room_proxy_name(const struct room_proxy *room);
struct room_counts         room_proxy_counts(const struct room_proxy *room);
const struct ipc_stats    *room_proxy_stats(const struct room_proxy *room);
const struct session_list *room_proxy_sessions(const struct room_proxy *room);

/* ---- joining ------------------------------------------------------------ */

struct room_wish {
	enum ipc_direction direction;
	uint16_t           max_height;
	uint16_t           up_kbps;	/* of the line; 0: not said */
	bool               loopback;
	const char        *name;	/* cleaned */
	const char        *sdp;		/* the offer, without NUL */
	size_t             sdp_len;
	const char        *resume;	/* an earlier session's id, or NULL */
};

struct room_result {
	struct session *session;	/* NULL: no */
	enum problem    problem;	/* then why */
	const char     *text;		/* SDP answer, or detail; borrowed */
	size_t          text_len;
};

/*
 * Asks the worker. `done` comes from the loop, once, within 5 s. A session
 * that is resumed ends when its owner has been let in anew. Returns 0, -EBUSY
 * when too many want to join at once, or -ENOMEM.
 */
int room_join_start(struct room_join **out, struct room_proxy *room,
    const struct room_wish *wish,
    void (*done)(void *to, const struct room_result *result), void *to);

/* The requester went away: no `done` any more. */
void room_join_cancel(struct room_join **join);

/* ---- ICE ---------------------------------------------------------------- */

struct room_fragment {
	const char *text;	/* of SDP, without NUL */
	size_t      len;	/* 1.. */
	bool        loopback;	/* the requester is on loopback */
};

/*
 * Passes a client's fragment to the worker. `done` comes from the loop, once,
 * within 5 s: with a session and the worker's fragment when ICE has been
 * restarted (the session has a new ETag then), with a session and no text
 * when there was nothing but candidates. Returns 0, -EBUSY, or -ENOMEM.
 */
int room_restart_start(struct room_restart **out, struct session *session,
    const struct room_fragment *fragment,
    void (*done)(void *to, const struct room_result *result), void *to);

/* The requester went away: no `done` any more. */
void room_restart_cancel(struct room_restart **restart);

/* ---- being there -------------------------------------------------------- */

/* Applies a change and tells the others. */
void room_proxy_patch(struct session *session,
    const struct session_patch *patch);

/* The person leaves; the session is freed. */
void room_proxy_leave(struct session *session);

/*
 * Answers with the stream of events: what was missed since the event `last`
 * (NULL: none), or a snapshot. The older of two open streams gives way.
 */
void room_proxy_events(struct session *session,
    struct http_exchange *exchange, const char *last);

#endif
