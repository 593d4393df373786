/*
 * POST to join, WHIP and WHEP: three directions of one handler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/api.h"
#include "control/signalling.h"

void
api_join(struct http_exchange *x, void *to)
{
	const struct signalling_policy both = { IPC_JOIN_BOTH, 0 };

	signalling_join(x, to, &both);
}

void
api_whip(struct http_exchange *x, void *to)
{
	const struct signalling_policy send = { IPC_JOIN_SEND, 1 };

	signalling_join(x, to, &send);
}

void
api_whep(struct http_exchange *x, void *to)
{
	const struct signalling_policy watch = { IPC_JOIN_WATCH, 1 };

	signalling_join(x, to, &watch);
}

void
api_preflight(struct http_exchange *x, void *to)
{
	(void)to;
	signalling_preflight(x);
}
