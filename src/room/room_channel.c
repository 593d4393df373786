/*
 * The worker's end of the channel on an event loop.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "room/room_channel.h"
#include "util/queue.h"
#include "util/xalloc.h"

#define BACKLOG_MAX      1024
#define BACKLOG_OPTIONAL 64	/* STATS and LOG wait behind so many */

struct waiting {
	uint16_t type;
	size_t   body_len;
	uint8_t  body[];
};

struct room_channel {
	int                  fd;
	struct event        *readable;
	struct event        *writable;
	struct queue        *backlog;	/* of struct waiting */
	struct waiting      *first;	/* the socket did not take it */
	unsigned             state;	/* what may come: enum ipc_state */
	struct room_channel_handler handler;
	struct ipc_message   message;	/* the one being read */
};

/* The state moves with what tesserad says (ipc/catalogue.h). */
static void
channel_advance(struct room_channel *c, uint16_t type)
{
	if (type == IPC_OPEN)
		c->state = IPC_IN_ROOM;
	else if (type == IPC_CLOSE)
		c->state = IPC_IN_CLOSE;
}

static void
channel_readable(evutil_socket_t fd, short what, void *arg)
{
	struct room_channel *c = arg;
	struct ipc_message  *m = &c->message;
	int                  err;

	(void)what;
	/* A few at a time: media must not wait for a burst of joins. */
	for (int i = 0; i < 4; i++) {
		err = channel_receive(fd, m);
		if (err == -EAGAIN)
			return;
		if (err == -EPIPE) {
			c->handler.closed(c->handler.to);
			return;
		}
		if (err || !ipc_down_allowed(m->type, m->body_len,
		    m->fd_count, c->state))
			abort();
		channel_advance(c, m->type);
		c->handler.message(c->handler.to, m);
	}
}

/* Sends what waits. Returns whether all is gone. */
static bool
channel_push(struct room_channel *c)
{
	for (;;) {
		int err;

		if (c->first == NULL)
			c->first = queue_pull(c->backlog);
		if (c->first == NULL)
			return true;
		err = channel_send(c->fd, c->first->type, c->first->body,
		    c->first->body_len, NULL, 0);
		if (err == -EAGAIN)
			return false;
		/* Any other error shows up as the end when reading. */
		free(c->first);
		c->first = NULL;
	}
}

static void
channel_writable(evutil_socket_t fd, short what, void *arg)
{
	struct room_channel *c = arg;

	(void)fd;
	(void)what;
	if (!channel_push(c))
		event_add(c->writable, NULL);
}

int
room_channel_new(struct room_channel **out, struct event_base *base, int fd,
    const struct room_channel_handler *handler)
{
	struct room_channel *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->handler = *handler;
	c->state = IPC_IN_SPARE;
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST,
	    channel_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, channel_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    queue_new(&c->backlog, BACKLOG_MAX, -1) != 0) {
		room_channel_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void
room_channel_free(struct room_channel *c)
{
	struct waiting *waiting;

	if (c == NULL)
		return;
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	while (c->backlog && (waiting = queue_pull(c->backlog)) != NULL)
		free(waiting);
	free(c->first);
	queue_free(c->backlog);
	close(c->fd);
	free(c);
}

void
room_channel_serve(struct room_channel *c)
{
	event_add(c->readable, NULL);
}

void
room_channel_send(struct room_channel *c, uint16_t type, const uint8_t *body,
    size_t body_len)
{
	const bool      optional = type == IPC_STATS || type == IPC_LOG;
	struct waiting *waiting;

	if (channel_push(c) &&
	    channel_send(c->fd, type, body, body_len, NULL, 0) != -EAGAIN)
		return;
	if (optional && queue_len(c->backlog) >= BACKLOG_OPTIONAL)
		return;
	waiting = xcalloc(1, sizeof(*waiting) + body_len);
	waiting->type = type;
	waiting->body_len = body_len;
	memcpy(waiting->body, body, body_len);
	if (!queue_push(c->backlog, waiting))
		abort();
	event_add(c->writable, NULL);
}
