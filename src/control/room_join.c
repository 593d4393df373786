/*
 * Joining a room: the question to the worker, and its answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "control/room_proxy_internal.h"
#include "control/supervisor.h"
#include "util/clock.h"
#include "util/random.h"

#define ANSWER_S 5

struct room_join {
	TAILQ_ENTRY(room_join) link;
	struct room_proxy *room;
	uint32_t           request;
	uint32_t           participant;
	uint32_t           place;
	bool               sent;
	struct event      *timeout;
	enum ipc_direction direction;
	uint16_t           max_height, up_kbps;
	bool               loopback;
	char               name[PERSON_NAME_SIZE];
	char               resume[SESSION_ID_SIZE];	/* taken; or "" */
	char              *sdp;		/* until it is sent */
	size_t             sdp_len;
	void (*done)(void *to, const struct room_result *result);
	void              *to;
};

bool
room_is_joining(const struct room_proxy *room, uint32_t participant)
{
	const struct room_join *join;

	TAILQ_FOREACH(join, &room->joins, link) {
		if (join->participant == participant)
			return true;
	}
	return false;
}

/* A number that nobody has, or may come back with. */
static uint32_t
fresh_participant(const struct room_proxy *room)
{
	uint32_t number;

	do {
		number = random_u32();
	} while (number == 0 || room_find(room, number) ||
	    room_is_joining(room, number) ||
	    resume_holds(room->host->resume, room->name, number));
	return number;
}

/* Who joins has the number of the session that he resumes. */
static void
resume_old(struct room_join *join, const char *id)
{
	struct room_proxy *room = join->room;
	struct session    *old = session_find(&room->host->sessions, id);
	struct resume_seat seat;

	/* It goes on until the room has let him in anew. */
	if (old && old->room == room) {
		join->participant = old->participant;
		join->place = old->place;
		return;
	}
	if (resume_take(room->host->resume, clock_monotonic_us(), id,
	    room->name, &seat) == 0) {
		join->participant = seat.participant;
		join->place = seat.place;
		/* The room may have opened anew since. */
		if (room->next_place <= seat.place)
			room->next_place = seat.place + 1;
		snprintf(join->resume, sizeof(join->resume), "%s", id);
	}
}

/* It did not work out: the next try may still come back as the same. */
static void
keep_resumable(const struct room_join *join)
{
	const struct resume_seat seat = { join->participant, join->place };

	if (join->resume[0])
		resume_keep(join->room->host->resume, clock_monotonic_us(),
		    join->resume, join->room->name, &seat);
}

static void
join_free(struct room_join *join)
{
	TAILQ_REMOVE(&join->room->joins, join, link);
	if (join->timeout)
		event_free(join->timeout);
	free(join->sdp);
	free(join);
}

/* Takes the join away and tells the requester. */
static void
finish(struct room_join *join, const struct room_result *result)
{
	void (*done)(void *to, const struct room_result *result) = join->done;
	void *to = join->to;

	if (result->session == NULL)
		keep_resumable(join);
	join_free(join);
	done(to, result);
}

static void
fail(struct room_join *join, enum problem problem)
{
	const struct room_result result = { .problem = problem };

	finish(join, &result);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct room_join  *join = arg;
	struct room_proxy *room = join->room;

	(void)fd;
	(void)what;
	if (join->sent)
		room_send_leave(room, join->participant, IPC_GONE_LOST);
	log_warn(&room->log, join->sent ? "no answer to a join" :
	    "no process for a join");
	fail(join, join->sent ? PROBLEM_TIMEOUT : PROBLEM_BUSY);
	room_check_empty(room);
}

static void
send_join(struct room_join *join)
{
	const struct ipc_join message = {
		.request = join->request,
		.participant = join->participant,
		.place = join->place,
		.direction = (uint16_t)join->direction,
		.loopback = join->loopback,
		.max_height = join->max_height,
		.up_kbps = join->up_kbps,
		.name = join->name,
		.name_len = strlen(join->name),
		.sdp = join->sdp,
		.sdp_len = join->sdp_len,
	};
	uint8_t body[IPC_MESSAGE_MAX];

	/* When it fails the worker is on its way out: its end will tell. */
	worker_send(join->room->worker, IPC_JOIN, body,
	    ipc_join_write(body, sizeof(body), &message));
	join->sent = true;
	free(join->sdp);
	join->sdp = NULL;
}

int
room_join_start(struct room_join **out, struct room_proxy *room,
    const struct room_wish *wish,
    void (*done)(void *to, const struct room_result *result), void *to)
{
	const struct timeval limit = { ANSWER_S, 0 };
	struct room_join    *join;

	if (!room_may_ask(room))
		return -EBUSY;
	join = calloc(1, sizeof(*join));
	if (join == NULL)
		return -ENOMEM;
	join->room = room;
	TAILQ_INSERT_TAIL(&room->joins, join, link);
	join->sdp = malloc(wish->sdp_len);
	join->timeout = event_new(room->host->base, -1, 0, on_timeout, join);
	if (join->sdp == NULL || join->timeout == NULL ||
	    event_add(join->timeout, &limit) < 0) {
		join_free(join);
		return -ENOMEM;
	}
	memcpy(join->sdp, wish->sdp, wish->sdp_len);
	join->sdp_len = wish->sdp_len;
	join->request = ++room->last_request;
	join->direction = wish->direction;
	join->max_height = wish->max_height;
	join->up_kbps = wish->up_kbps;
	join->loopback = wish->loopback;
	memcpy(join->name, wish->name, strlen(wish->name) + 1);
	join->done = done;
	join->to = to;
	if (wish->resume)
		resume_old(join, wish->resume);
	if (join->participant == 0) {
		join->participant = fresh_participant(room);
		join->place = room->next_place++;
	}
	if (room->worker)
		send_join(join);
	room_check_empty(room);
	*out = join;
	return 0;
}

void
room_join_cancel(struct room_join **join)
{
	struct room_join  *old = *join;
	struct room_proxy *room = old->room;

	*join = NULL;
	if (old->sent)
		room_send_leave(room, old->participant, IPC_GONE_LOST);
	keep_resumable(old);
	join_free(old);
	room_check_empty(room);
}

void
room_joins_send(struct room_proxy *room)
{
	struct room_join *join;

	TAILQ_FOREACH(join, &room->joins, link) {
		if (!join->sent)
			send_join(join);
	}
}

void
room_joins_fail(struct room_proxy *room, enum problem problem)
{
	while (!TAILQ_EMPTY(&room->joins))
		fail(TAILQ_FIRST(&room->joins), problem);
}

/* Streams ended and nothing heard for a while: the page is closed. */
static void
on_goodbye(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	if (!session->quiet || session->streams[0])
		return;
	room_send_leave(session->room, session->participant, IPC_GONE_LOST);
	room_drop(session, "gone", true);
}

static struct session *
admit(struct room_join *join)
{
	struct room_proxy *room = join->room;
	struct session    *session = session_new(&room->host->sessions);
	struct session    *old;

	if (session == NULL)
		return NULL;
	session->goodbye = event_new(room->host->base, -1, 0, on_goodbye,
	    session);
	if (session->goodbye == NULL) {
		session_free(&room->host->sessions, &session);
		return NULL;
	}
	/* The worker has put him in the place of the one before. */
	old = room_find(room, join->participant);
	if (old)
		room_drop(old, "replaced", false);
	session->room = room;
	session->participant = join->participant;
	session->place = join->place;
	session->direction = join->direction;
	memcpy(session->name, join->name, sizeof(session->name));
	session->mic = session->camera = true;
	session->max_height = join->max_height;
	TAILQ_INSERT_TAIL(&room->sessions, session, in_room);
	return session;
}

int
room_on_answer(struct room_proxy *room, const struct ipc_answer *answer)
{
	struct room_result result = { .text = answer->text,
		.text_len = answer->text_len };
	struct room_join  *join;

	TAILQ_FOREACH(join, &room->joins, link) {
		if (join->request == answer->request)
			break;
	}
	if (join == NULL)
		return room_on_restarted(room, answer);
	if (!join->sent || join->participant != answer->participant)
		return -EBADMSG;
	if (answer->status == IPC_ANSWER_OK) {
		if (answer->text_len == 0)
			return -EBADMSG;
		result.session = admit(join);
		result.problem = PROBLEM_INTERNAL;
		if (result.session == NULL)
			room_send_leave(room, join->participant,
			    IPC_GONE_LOST);
	} else if (answer->status > IPC_ANSWER_FULL) {
		return -EBADMSG;	/* these are for restarts */
	} else {
		result.problem = answer->status == IPC_ANSWER_FULL ?
		    PROBLEM_BUSY : PROBLEM_BAD_OFFER;
	}
	finish(join, &result);
	if (result.session) {
		log_info(&room->log, "%08x joins as %s",
		    result.session->participant, result.session->name);
		if (session_is_person(result.session))
			room_tell_roster(room, "joined", result.session);
	}
	room_check_empty(room);
	return 0;
}
