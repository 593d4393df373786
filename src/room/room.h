/*
 * A room: the people in it, on the net thread of one tessera-room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the media sockets, the participants, the pipeline and its threads, and
 * the room's end of the channel. Start order of the process (app/tessera_room
 * keeps it): channel on fd 3, HELLO, CONFIG, room_prepare, room_new (all
 * threads are made here), sandbox, room_ready, event loop. Everything but
 * room_prepare runs on the net thread.
 */
#ifndef ROOM_ROOM_H
#define ROOM_ROOM_H

#include <stdint.h>

#include "ipc/messages.h"

struct event_base;
struct room;

/*
 * Touches every library once, so that nothing is opened or loaded after the
 * sandbox: SRTP, mbedTLS, the decoder, the encoder, Opus. 0 or -errno.
 */
int room_prepare(void);

/*
 * Takes the descriptors (fd6 or fd4 may be -1; channel_fd too). Makes the
 * room's certificate and all threads. 0 or -errno.
 */
int room_new(struct room **out, struct event_base *base, int channel_fd,
    const struct ipc_config *cfg, int fd4, int fd6);

/* Locked down: says READY and begins to serve the channel. */
void room_ready(struct room *room);

/* Ends the calls, stops and joins the threads. */
void room_free(struct room *room);

#endif
