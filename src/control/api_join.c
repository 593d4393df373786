/*
 * POST to join: two ways over one connection.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/api.h"
#include "control/signalling.h"

void
api_join(struct http_exchange *x, void *to)
{
	signalling_join(x, to, IPC_JOIN_BOTH);
}
