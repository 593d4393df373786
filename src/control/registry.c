/*
 * All rooms and all sessions of this server.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/registry.h"
#include "control/room_deaths.h"
#include "control/stats_sum.h"
#include "control/supervisor.h"
#include "util/clock.h"

struct entry {
	TAILQ_ENTRY(entry) link;
	struct room_proxy *room;
};

struct registry {
	struct room_host     host;
	TAILQ_HEAD(, entry)  rooms;	/* oldest first */
	unsigned             count;	/* of rooms */
	bool                 closed;	/* the server ends */
};

static void
drop(struct registry *registry, struct entry *entry)
{
	stats_add_counters(&registry->host.ended,
	    room_proxy_stats(entry->room));
	TAILQ_REMOVE(&registry->rooms, entry, link);
	registry->count--;
	room_proxy_free(&entry->room);
	free(entry);
}

static void
on_room_end(struct room_proxy *room, void *to)
{
	struct registry *registry = to;
	struct entry    *entry;

	TAILQ_FOREACH(entry, &registry->rooms, link) {
		if (entry->room == room) {
			drop(registry, entry);
			return;
		}
	}
}

/* A spare for the room that has waited longest. */
static void
on_ready(void *to)
{
	struct registry *registry = to;
	struct entry    *entry;

	TAILQ_FOREACH(entry, &registry->rooms, link)
		room_proxy_try_open(entry->room);
}

int
registry_new(struct registry **out, struct event_base *base,
    struct supervisor *supervisor, const struct log *log)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (registry == NULL)
		return -ENOMEM;
	TAILQ_INIT(&registry->rooms);
	registry->host.base = base;
	registry->host.supervisor = supervisor;
	registry->host.log = *log;
	registry->host.on_end = on_room_end;
	registry->host.to = registry;
	cpu_idle_init(&registry->host.idle);
	if (resume_new(&registry->host.resume) < 0 ||
	    room_deaths_new(&registry->host.deaths) < 0) {
		registry_free(&registry);
		return -ENOMEM;
	}
	supervisor_on_ready(supervisor, on_ready, registry);
	*out = registry;
	return 0;
}

void
registry_free(struct registry **registry)
{
	struct registry *old = *registry;

	*registry = NULL;
	if (old == NULL)
		return;
	while (!TAILQ_EMPTY(&old->rooms))
		drop(old, TAILQ_FIRST(&old->rooms));
	resume_free(&old->host.resume);
	room_deaths_free(&old->host.deaths);
	cpu_idle_clear(&old->host.idle);
	free(old);
}

void
registry_shutdown(struct registry *registry)
{
	struct entry *entry;

	registry->closed = true;
	supervisor_stop(registry->host.supervisor);
	TAILQ_FOREACH(entry, &registry->rooms, link)
		room_proxy_shutdown(entry->room);
	while (!TAILQ_EMPTY(&registry->rooms))
		drop(registry, TAILQ_FIRST(&registry->rooms));
}

struct room_proxy *
registry_room(struct registry *registry, const char *name)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &registry->rooms, link) {
		if (strcmp(room_proxy_name(entry->room), name) == 0)
			return entry->room;
	}
	return NULL;
}

/* The place of a room that nobody is in any more, or was let into. */
static bool
make_room(struct registry *registry)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &registry->rooms, link) {
		if (room_proxy_give_way(entry->room))
			return true;	/* the entry is gone, too */
	}
	return false;
}

int
registry_room_open(struct registry *registry, const char *name,
    struct room_proxy **out)
{
	struct room_proxy *room = registry_room(registry, name);
	struct entry      *entry;
	int                err;

	if (registry->closed)
		return -ESHUTDOWN;
	if (room) {
		*out = room;
		return 0;
	}
	if (registry_room_closed_s(registry, name) > 0)
		return -EHOSTDOWN;
	/* Those that wait for a process count: the list is searched often. */
	if (registry->count >=
	    supervisor_rooms_max(registry->host.supervisor) &&
	    !make_room(registry))
		return -ENOSPC;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	err = room_proxy_new(&entry->room, &registry->host, name);
	if (err) {
		free(entry);
		return err;
	}
	TAILQ_INSERT_TAIL(&registry->rooms, entry, link);
	registry->count++;
	*out = entry->room;
	return 0;
}

unsigned
registry_room_closed_s(const struct registry *registry, const char *name)
{
	return room_deaths_closed_s(registry->host.deaths,
	    clock_monotonic_us(), name);
}

struct session *
registry_session(struct registry *registry, const char *id)
{
	return session_find(&registry->host.sessions, id);
}

void
registry_each_room(struct registry *registry,
    void (*each)(struct room_proxy *room, void *to), void *to)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &registry->rooms, link)
		each(entry->room, to);
}

void
registry_limit_cpu(struct registry *registry, unsigned percent,
    unsigned processors)
{
	cpu_load_init(&registry->host.load, percent, processors);
}

bool
registry_is_busy(struct registry *registry)
{
	const struct entry *entry;

	if (cpu_load_is_high(&registry->host.load, clock_monotonic_us()))
		return true;
	if (!cpu_load_has_limit(&registry->host.load))
		return false;
	TAILQ_FOREACH(entry, &registry->rooms, link) {
		if (room_proxy_stats(entry->room)->load_step >= IPC_LOAD_FULL)
			return true;
	}
	return false;
}

bool
registry_knows(struct registry *registry, const char *id, const char *room)
{
	const struct session *session = session_find(
	    &registry->host.sessions, id);

	if (session)
		return strcmp(room_proxy_name(session->room), room) == 0;
	return resume_knows(registry->host.resume, id, room);
}

bool
registry_is_ready(const struct registry *registry)
{
	return !registry->closed &&
	    supervisor_spares(registry->host.supervisor) > 0;
}

unsigned
registry_session_count(const struct registry *registry)
{
	return registry->host.sessions.count;
}

const struct supervisor *
registry_supervisor(const struct registry *registry)
{
	return registry->host.supervisor;
}

const struct ipc_stats *
registry_ended_stats(const struct registry *registry)
{
	return &registry->host.ended;
}
