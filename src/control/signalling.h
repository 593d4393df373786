/*
 * Joining by HTTP: join, WHIP (RFC 9725) and WHEP are one handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * They differ in the direction asked of the room, and in what a page of
 * another origin may do. The offer is opaque bytes here: it goes to the room's
 * process and its answer comes back. Main thread.
 */
#ifndef CONTROL_SIGNALLING_H
#define CONTROL_SIGNALLING_H

#include "ipc/messages.h"

struct api;
struct http_exchange;

struct signalling_policy {
	enum ipc_direction direction;
	int                open_to_all;	/* CORS for any origin */
};

/* Answers the request of /…/{room}, at once or within 5 s. */
void signalling_join(struct http_exchange *x, struct api *api,
    const struct signalling_policy *policy);

/* Answers OPTIONS: what a page of another origin may send. */
void signalling_preflight(struct http_exchange *x);

#endif
