/*
 * All rooms and all sessions of this server.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A room is made by the first join and ends 10 s after the last leaves, or
 * with its worker. Main thread.
 */
#ifndef CONTROL_REGISTRY_H
#define CONTROL_REGISTRY_H

#include "control/room_proxy.h"

struct event_base;
struct registry;
struct supervisor;

/* `supervisor` is borrowed; 0 or -ENOMEM. */
int registry_new(struct registry **out, struct event_base *base,
    struct supervisor *supervisor, const struct log *log);

/* Ends all rooms without telling anybody. NULL is fine. */
void registry_free(struct registry **registry);

/*
 * Tells every page that the server ends, and closes the rooms. No room opens
 * any more.
 */
void registry_shutdown(struct registry *registry);

/* The room of this valid name, or NULL. */
struct room_proxy *registry_room(struct registry *registry, const char *name);

/*
 * The same, made when it is not there. 0, -ENOSPC, -ENOMEM; -EHOSTDOWN when
 * it is closed because it failed too often; -ESHUTDOWN when the server ends.
 */
int registry_room_open(struct registry *registry, const char *name,
    struct room_proxy **out);

/* Seconds for which the room stays closed; 0: it does not. */
unsigned registry_room_closed_s(const struct registry *registry,
    const char *name);

/* The session of this id, or NULL. */
struct session *registry_session(struct registry *registry, const char *id);

/* Calls `each` for all rooms; it may not end one. */
void registry_each_room(struct registry *registry,
    void (*each)(struct room_proxy *room, void *to), void *to);

/*
 * Above so many percent of `processors` for three seconds nobody new is let
 * in; 100: no limit. Before any room is there.
 */
void registry_limit_cpu(struct registry *registry, unsigned percent,
    unsigned processors);

/*
 * The rooms take more than the limit, or one of them leaves out so much that
 * more people would hurt those who are there: only who comes back may join.
 */
bool registry_is_busy(struct registry *registry);

/* Whether the session of this id lives in this room, or may be resumed there. */
bool registry_knows(struct registry *registry, const char *id,
    const char *room);

/* Is a spare room ready? */
bool registry_is_ready(const struct registry *registry);

unsigned registry_session_count(const struct registry *registry);

const struct supervisor *registry_supervisor(const struct registry *registry);

/* What rooms that have ended had counted (only the counters mean a thing). */
const struct ipc_stats *registry_ended_stats(const struct registry *registry);

#endif
