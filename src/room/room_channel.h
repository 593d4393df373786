/*
 * The worker's end of the channel on an event loop.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages that the socket does not take now wait in a bounded backlog, in
 * order. STATS and LOG are dropped instead of waiting behind 64 others; of
 * the rest none is dropped: an overflow means tesserad is stuck, and ends the
 * process. Net thread.
 */
#ifndef ROOM_ROOM_CHANNEL_H
#define ROOM_ROOM_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/channel.h"

struct event_base;
struct room_channel;

struct room_channel_handler {
	/* A well-formed message that may come now. */
	void (*message)(void *to, const struct ipc_message *message);
	/* tesserad is gone or broken. */
	void (*closed)(void *to);
	void  *to;
};

/* Takes the descriptor. Reads nothing before room_channel_serve. */
int  room_channel_new(struct room_channel **out, struct event_base *base,
    int fd, const struct room_channel_handler *handler);
void room_channel_free(struct room_channel *c);
void room_channel_serve(struct room_channel *c);

void room_channel_send(struct room_channel *c, uint16_t type,
    const uint8_t *body, size_t body_len);

#endif
