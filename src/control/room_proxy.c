/*
 * One room as tesserad sees it: its worker, who is in it, what they were told.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "control/room_deaths.h"
#include "control/room_proxy_internal.h"
#include "control/stats_sum.h"
#include "control/supervisor.h"
#include "http/event_stream.h"
#include "util/clock.h"
#include "util/random.h"

#define LINGER_S  10

/* Questions: 30 a second, and a full room that comes back all at once. */
#define ASK_US    33333
#define ASK_BURST 300

/* Who is away keeps no room open: he can come back to a new one, too. */
static bool
anybody_here(const struct room_proxy *room)
{
	const struct session *session;

	TAILQ_FOREACH(session, &room->sessions, in_room) {
		if (!session->away)
			return true;
	}
	return false;
}

static void
drop_all(struct room_proxy *room, const char *reason)
{
	struct session *session;

	/* First all are told: who hears of the others has ended already. */
	TAILQ_FOREACH(session, &room->sessions, in_room)
		room_tell_ended(session, reason);
	while (!TAILQ_EMPTY(&room->sessions))
		room_drop(TAILQ_FIRST(&room->sessions), reason, true);
}

void
room_check_empty(struct room_proxy *room)
{
	const struct timeval linger = { LINGER_S, 0 };

	if (!TAILQ_EMPTY(&room->joins) || anybody_here(room))
		event_del(room->linger);
	else if (!event_pending(room->linger, EV_TIMEOUT, NULL) &&
	    event_add(room->linger, &linger) < 0)
		event_active(room->linger, EV_TIMEOUT, 0);
}

static void
on_linger(evutil_socket_t fd, short what, void *arg)
{
	struct room_proxy *room = arg;

	(void)fd;
	(void)what;
	log_info(&room->log, "empty, ends");
	drop_all(room, "gone");
	room->host->on_end(room, room->host->to);
}

bool
room_proxy_give_way(struct room_proxy *room)
{
	if (!TAILQ_EMPTY(&room->joins) || anybody_here(room))
		return false;
	on_linger(-1, 0, room);
	return true;
}

struct session *
room_find(const struct room_proxy *room, uint32_t participant)
{
	struct session *session;

	TAILQ_FOREACH(session, &room->sessions, in_room) {
		if (session->participant == participant)
			return session;
	}
	return NULL;
}

bool
room_may_ask(struct room_proxy *room)
{
	return rate_limit_pass(&room->asked, clock_monotonic_us(), ASK_US,
	    ASK_BURST);
}

void
room_send_leave(struct room_proxy *room, uint32_t participant,
    enum ipc_gone reason)
{
	const struct ipc_leave leave = { participant, reason };
	uint8_t                body[16];

	if (room->worker)
		worker_send(room->worker, IPC_LEAVE, body,
		    ipc_leave_write(body, sizeof(body), &leave));
}

void
room_drop(struct session *session, const char *reason, bool keep)
{
	const struct resume_seat seat = { session->participant,
		session->place };
	struct room_proxy       *room = session->room;

	log_info(&room->log, "%08x leaves (%s)", session->participant, reason);
	if (keep)
		resume_keep(room->host->resume, clock_monotonic_us(),
		    session->id, room->name, &seat);
	room_restarts_drop(room, session->participant);
	room_tell_ended(session, reason);
	TAILQ_REMOVE(&room->sessions, session, in_room);
	if (session_is_shown(session))
		room_tell_roster(room, "left", session);
	if (session->goodbye)
		event_free(session->goodbye);
	session_free(&room->host->sessions, &session);
	room_check_empty(room);
}

/* ---- what the worker says ----------------------------------------------- */

static void
change_state(struct session *session, enum session_state state, bool away)
{
	struct room_proxy *room = session->room;
	const bool         moved = session->away != away;

	if (!moved && session->state == state)
		return;
	session->state = state;
	session->away = away;
	if (session_is_person(session))
		room_tell_roster(room, !moved ? "changed" : away ? "left" :
		    "joined", session);
	if (moved)
		room_check_empty(room);
}

static int
on_presence(struct room_proxy *room, const uint8_t *body, size_t len)
{
	static const enum session_state states[] = {
		[IPC_HERE] = SESSION_HERE, [IPC_QUIET] = SESSION_HERE,
		[IPC_WEAK] = SESSION_WEAK,
		[IPC_AWAY] = SESSION_WEAK,
	};
	struct ipc_presence  presence;
	struct session      *session;

	if (ipc_presence_parse(&presence, body, len) < 0)
		return -EBADMSG;
	session = room_find(room, presence.participant);
	/* The answer to who replaces him follows. */
	if (session == NULL || presence.reason == IPC_GONE_REPLACED)
		return 0;
	if (presence.state == IPC_GONE) {
		room_drop(session, presence.reason == IPC_GONE_LEFT ?
		    "left" : "gone", true);
		return 0;
	}
	session->quiet = presence.state != IPC_HERE;
	/* The stream ended before the media: is it over by now? */
	if (session->quiet && session->had_stream &&
	    session->streams[0] == NULL &&
	    !event_pending(session->goodbye, EV_TIMEOUT, NULL))
		event_active(session->goodbye, EV_TIMEOUT, 0);
	change_state(session, states[presence.state],
	    presence.state == IPC_AWAY);
	return 0;
}

static int
on_tilemap(struct room_proxy *room, const uint8_t *body, size_t len)
{
	struct ipc_tilemap tilemap;

	if (ipc_tilemap_parse(&tilemap, body, len) < 0)
		return -EBADMSG;
	room->tilemap = tilemap;
	room->has_tilemap = true;
	room_tell_tilemap(room);
	return 0;
}

static int
on_speaking(struct room_proxy *room, const uint8_t *body, size_t len)
{
	struct ipc_speaking speaking;

	if (ipc_speaking_parse(&speaking, body, len) < 0)
		return -EBADMSG;
	room->speaking = speaking;
	room_tell_speaking(room);
	return 0;
}

static int
on_quality(struct room_proxy *room, const uint8_t *body, size_t len)
{
	struct ipc_quality quality;

	if (ipc_quality_parse(&quality, body, len) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < quality.count; i++) {
		struct session *session = room_find(room,
		    quality.lines[i].participant);

		if (session)
			room_tell_quality(session, &quality.lines[i]);
	}
	return 0;
}

static uint64_t
cpu_us(const struct ipc_stats *stats)
{
	return stats->cpu_net_us + stats->cpu_audio_us + stats->cpu_decode_us +
	    stats->cpu_compose_us + stats->cpu_encode_us;
}

static void
tell_load(struct room_proxy *room, unsigned idle_percent, int64_t now_us)
{
	const struct ipc_load load = {
		.high = cpu_load_is_high(&room->host->load, now_us),
		.idle_percent = (uint8_t)idle_percent,
	};
	uint8_t body[8];

	if (room->worker)
		worker_send(room->worker, IPC_LOAD, body,
		    ipc_load_write(body, sizeof(body), &load));
}

/* A worker that lies about its work makes this server look busy: no more. */
static int
on_stats(struct room_proxy *room, const uint8_t *body, size_t len)
{
	const int64_t  now_us = clock_monotonic_us();
	const uint64_t before_us = cpu_us(&room->stats);
	const unsigned idle_percent = cpu_idle_look(&room->host->idle,
	    now_us);
	struct ipc_stats stats;

	if (ipc_stats_parse(&stats, body, len) < 0)
		return -EBADMSG;
	if (room->stats_us && cpu_us(&stats) > before_us)
		cpu_load_used(&room->host->load, now_us,
		    now_us - room->stats_us, cpu_us(&stats) - before_us,
		    idle_percent);
	room->stats = stats;
	room->stats_us = now_us;
	tell_load(room, idle_percent, now_us);
	return 0;
}

static int
on_message(void *to, uint16_t type, const uint8_t *body, size_t len)
{
	struct room_proxy *room = to;
	struct ipc_answer  answer;

	switch (type) {
	case IPC_ANSWER:
		if (ipc_answer_parse(&answer, body, len) < 0)
			return -EBADMSG;
		return room_on_answer(room, &answer);
	case IPC_PRESENCE:
		return on_presence(room, body, len);
	case IPC_TILEMAP:
		return on_tilemap(room, body, len);
	case IPC_SPEAKING:
		return on_speaking(room, body, len);
	case IPC_QUALITY:
		return on_quality(room, body, len);
	case IPC_STATS:
		return on_stats(room, body, len);
	default:
		return -EBADMSG;
	}
}

/* ---- its life ----------------------------------------------------------- */

static void on_worker_gone(void *to);

/* 0 when it has a worker now; -EAGAIN; -ENOSPC. */
static int
take_worker(struct room_proxy *room)
{
	const struct worker_handler handler = { on_message, on_worker_gone,
		room };
	int err = supervisor_take(room->host->supervisor, room->name, &handler,
	    &room->worker);

	if (err == 0)
		log_info(&room->log, "opens in process %d",
		    (int)worker_pid(room->worker));
	return err;
}

/*
 * The process has ended: who was in it may come back to the next one, unless
 * it ended too often.
 */
static void
on_worker_gone(void *to)
{
	struct room_proxy *room = to;
	const bool         closed = room_deaths_note(room->host->deaths,
	    clock_monotonic_us(), room->name);
	int                err = 0;

	room->worker = NULL;
	log_warn(&room->log, closed ? "its process has ended once too often: "
	    "closed for a while" : "its process has ended");
	room_joins_fail(room, PROBLEM_ROOM_FAILED);
	room_restarts_fail(room, PROBLEM_ROOM_FAILED);
	drop_all(room, closed ? "room-closed" : "room-failed");
	stats_add_counters(&room->host->ended, &room->stats);
	memset(&room->stats, 0, sizeof(room->stats));
	room->has_tilemap = false;
	room->speaking.count = 0;
	if (!closed)
		err = take_worker(room);
	if (closed || (err && err != -EAGAIN))
		room->host->on_end(room, room->host->to);
}

int
room_proxy_new(struct room_proxy **out, struct room_host *host,
    const char *name)
{
	struct room_proxy *room = calloc(1, sizeof(*room));
	int                err = -ENOMEM;

	if (room == NULL)
		return -ENOMEM;
	room->host = host;
	TAILQ_INIT(&room->sessions);
	TAILQ_INIT(&room->joins);
	TAILQ_INIT(&room->restarts);
	memcpy(room->name, name, strlen(name) + 1);
	room->log = log_for(&host->log, "room %s", name);
	room->opened_us = clock_monotonic_us();
	room->linger = event_new(host->base, -1, 0, on_linger, room);
	if (room->linger && event_ring_new(&room->ring, random_u32()) == 0)
		err = take_worker(room);
	if (err && err != -EAGAIN) {
		room_proxy_free(&room);
		return err;
	}
	room_check_empty(room);
	*out = room;
	return 0;
}

/* Frees a session whose page was told, or needs not be told. */
static void
release(struct room_proxy *room, struct session *session)
{
	for (unsigned i = 0; i < SESSION_STREAMS_MAX; i++)
		event_stream_end(&session->streams[i]);
	if (session->goodbye)
		event_free(session->goodbye);
	TAILQ_REMOVE(&room->sessions, session, in_room);
	session_free(&room->host->sessions, &session);
}

void
room_proxy_free(struct room_proxy **room)
{
	struct room_proxy *old = *room;

	*room = NULL;
	if (old == NULL)
		return;
	room_joins_fail(old, PROBLEM_ROOM_FAILED);
	room_restarts_fail(old, PROBLEM_ROOM_FAILED);
	while (!TAILQ_EMPTY(&old->sessions))
		release(old, TAILQ_FIRST(&old->sessions));
	worker_close(&old->worker);
	if (old->linger)
		event_free(old->linger);
	event_ring_free(&old->ring);
	free(old);
}

void
room_proxy_try_open(struct room_proxy *room)
{
	if (room->worker == NULL && take_worker(room) == 0)
		room_joins_send(room);
}

void
room_proxy_shutdown(struct room_proxy *room)
{
	struct session *session;

	TAILQ_FOREACH(session, &room->sessions, in_room)
		room_tell_ended(session, "shutdown");
	room_joins_fail(room, PROBLEM_ENDING);
}

const char *
room_proxy_name(const struct room_proxy *room)
{
	return room->name;
}

struct room_counts
room_proxy_counts(const struct room_proxy *room)
{
	struct room_counts    counts = { 0 };
	const struct session *session;

	TAILQ_FOREACH(session, &room->sessions, in_room) {
		if (session_is_shown(session))
			counts.people++;
		else if (!session->away)
			counts.watchers++;
	}
	counts.age_s = (clock_monotonic_us() - room->opened_us) / 1000000;
	return counts;
}

const struct ipc_stats *
room_proxy_stats(const struct room_proxy *room)
{
	return &room->stats;
}

const struct session_list *
room_proxy_sessions(const struct room_proxy *room)
{
	return &room->sessions;
}

/* ---- being there -------------------------------------------------------- */

void
room_proxy_patch(struct session *session, const struct session_patch *patch)
{
	struct room_proxy *room = session->room;
	struct ipc_patch   message = { .participant = session->participant };
	uint8_t            body[512];

	if (patch->has_name)
		memcpy(session->name, patch->name, sizeof(session->name));
	if (patch->has_mic)
		session->mic = patch->mic;
	if (patch->has_camera)
		session->camera = patch->camera;
	if (patch->has_max)
		session->max_height = patch->max_height;
	message.mic = session->mic;
	message.camera = session->camera;
	message.max_height = session->max_height;
	message.has_name = patch->has_name;
	message.name = session->name;
	message.name_len = patch->has_name ? strlen(session->name) : 0;
	if (room->worker)
		worker_send(room->worker, IPC_PATCH, body,
		    ipc_patch_write(body, sizeof(body), &message));
	if (session_is_shown(session) &&
	    (patch->has_name || patch->has_mic || patch->has_camera))
		room_tell_roster(room, "changed", session);
}

void
room_proxy_leave(struct session *session)
{
	room_send_leave(session->room, session->participant, IPC_GONE_LEFT);
	room_drop(session, "left", false);
}
