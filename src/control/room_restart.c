/*
 * A client's word about its ICE: the question to the worker, and its answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "control/room_proxy_internal.h"
#include "control/supervisor.h"

#define ANSWER_S 5

struct room_restart {
	TAILQ_ENTRY(room_restart) link;
	struct room_proxy *room;
	uint32_t           request;
	uint32_t           participant;
	struct event      *timeout;
	void (*done)(void *to, const struct room_result *result);
	void              *to;
};

static void
restart_free(struct room_restart *restart)
{
	TAILQ_REMOVE(&restart->room->restarts, restart, link);
	if (restart->timeout)
		event_free(restart->timeout);
	free(restart);
}

/* Takes it away and tells the requester. */
static void
finish(struct room_restart *restart, const struct room_result *result)
{
	void (*done)(void *to, const struct room_result *result) =
	    restart->done;
	void *to = restart->to;

	restart_free(restart);
	done(to, result);
}

static void
fail(struct room_restart *restart, enum problem problem)
{
	const struct room_result result = { .problem = problem };

	finish(restart, &result);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, PROBLEM_TIMEOUT);
}

int
room_restart_start(struct room_restart **out, struct session *session,
    const struct room_fragment *fragment,
    void (*done)(void *to, const struct room_result *result), void *to)
{
	const struct timeval limit = { ANSWER_S, 0 };
	struct room_proxy   *room = session->room;
	struct room_restart *restart;
	struct ipc_restart   message = {
		.request = ++room->last_request,
		.participant = session->participant,
		.loopback = fragment->loopback,
		.fragment = fragment->text,
		.fragment_len = fragment->len,
	};
	uint8_t body[IPC_MESSAGE_MAX];

	if (!room_may_ask(room))
		return -EBUSY;
	restart = calloc(1, sizeof(*restart));
	if (restart == NULL)
		return -ENOMEM;
	restart->room = room;
	TAILQ_INSERT_TAIL(&room->restarts, restart, link);
	restart->timeout = event_new(room->host->base, -1, 0, on_timeout,
	    restart);
	if (restart->timeout == NULL ||
	    event_add(restart->timeout, &limit) < 0) {
		restart_free(restart);
		return -ENOMEM;
	}
	restart->request = message.request;
	restart->participant = message.participant;
	restart->done = done;
	restart->to = to;
	/* When it fails the worker is on its way out: its end will tell. */
	if (room->worker)
		worker_send(room->worker, IPC_RESTART, body,
		    ipc_restart_write(body, sizeof(body), &message));
	*out = restart;
	return 0;
}

void
room_restart_cancel(struct room_restart **restart)
{
	restart_free(*restart);
	*restart = NULL;
}

void
room_restarts_fail(struct room_proxy *room, enum problem problem)
{
	while (!TAILQ_EMPTY(&room->restarts))
		fail(TAILQ_FIRST(&room->restarts), problem);
}

void
room_restarts_drop(struct room_proxy *room, uint32_t participant)
{
	struct room_restart *restart, *next;

	for (restart = TAILQ_FIRST(&room->restarts); restart;
	    restart = next) {
		next = TAILQ_NEXT(restart, link);
		if (restart->participant == participant)
			fail(restart, PROBLEM_NOT_FOUND);
	}
}

/* What the status of an answer comes to; -EBADMSG when it is none. */
static int
read_status(struct room_result *result, const struct ipc_answer *answer)
{
	switch (answer->status) {
	case IPC_ANSWER_OK:
		return answer->text_len ? 0 : -EBADMSG;
	case IPC_ANSWER_NOTHING:
		result->text_len = 0;
		return 0;
	case IPC_ANSWER_BAD_OFFER:
		result->problem = PROBLEM_BAD_REQUEST;
		result->session = NULL;
		return 0;
	case IPC_ANSWER_FULL:
		result->problem = PROBLEM_BUSY;
		result->session = NULL;
		return 0;
	default:
		result->problem = PROBLEM_NOT_FOUND;
		result->session = NULL;
		return 0;
	}
}

int
room_on_restarted(struct room_proxy *room, const struct ipc_answer *answer)
{
	struct room_result   result = { .text = answer->text,
		.text_len = answer->text_len, .problem = PROBLEM_NOT_FOUND };
	struct room_restart *restart;

	TAILQ_FOREACH(restart, &room->restarts, link) {
		if (restart->request == answer->request)
			break;
	}
	if (restart == NULL)
		return 0;	/* too late, or the requester went away */
	if (restart->participant != answer->participant)
		return -EBADMSG;
	result.session = room_find(room, restart->participant);
	if (read_status(&result, answer) < 0)
		return -EBADMSG;
	if (result.session && result.text_len > 0)
		session_renew_etag(result.session);
	finish(restart, &result);
	return 0;
}
