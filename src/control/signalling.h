/*
 * Joining by HTTP: join, WHIP (RFC 9725) and WHEP are one handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * They differ in the direction asked of the room, in the URL of the session,
 * and in what a page of another origin may do. The offer is opaque bytes here:
 * it goes to the room's process and its answer comes back. Main thread.
 */
#ifndef CONTROL_SIGNALLING_H
#define CONTROL_SIGNALLING_H

#include "ipc/messages.h"

#define SIGNALLING_TYPE "application/sdp"

struct api;
struct http_exchange;

/* Answers the request of /…/{room}, at once or within 5 s. */
void signalling_join(struct http_exchange *x, struct api *api,
    enum ipc_direction direction);

/* The answer may be read by a page of another origin. */
void signalling_open(struct http_exchange *x);

/* For OPTIONS: that, and what such a page may send. */
void signalling_preflight(struct http_exchange *x, const char *methods);

#endif
