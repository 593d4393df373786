/*
 * A peer that says nothing of what it gets must not be flooded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/circuit_breaker.h"

#define HALVED_US 1000000

void
circuit_breaker_init(struct circuit_breaker *c)
{
	c->waits_us = INT64_MAX;
}

void
circuit_breaker_sent(struct circuit_breaker *c, int64_t now_us)
{
	if (c->waits_us == INT64_MAX)
		c->waits_us = now_us;
}

int64_t
circuit_breaker_heard(struct circuit_breaker *c, int64_t now_us)
{
	const int64_t waited_us = c->waits_us == INT64_MAX ? 0 :
	    now_us - c->waits_us;

	c->waits_us = INT64_MAX;
	return waited_us;
}

static int64_t
waited(const struct circuit_breaker *c, int64_t now_us)
{
	return c->waits_us == INT64_MAX ? 0 : now_us - c->waits_us;
}

enum circuit_state
circuit_breaker_state(const struct circuit_breaker *c, int64_t now_us)
{
	const int64_t waited_us = waited(c, now_us);

	if (waited_us >= CIRCUIT_BROKEN_US)
		return CIRCUIT_BROKEN;
	return waited_us >= CIRCUIT_SILENT_US ? CIRCUIT_SILENT :
	    CIRCUIT_GOOD;
}

unsigned
circuit_breaker_left_q8(const struct circuit_breaker *c, int64_t now_us)
{
	const int64_t waited_us = waited(c, now_us);

	if (waited_us < CIRCUIT_SILENT_US)
		return 256;
	if (waited_us >= CIRCUIT_BROKEN_US)
		return 0;
	return 256u >> ((waited_us - CIRCUIT_SILENT_US) / HALVED_US + 1);
}
