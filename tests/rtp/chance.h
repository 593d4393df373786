/*
 * Chance that is the same in each run (xorshift64).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_RTP_CHANCE_H
#define TESTS_RTP_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t state;			/* any seed but 0 */
};

/* 0 to below - 1. */
static inline uint32_t
chance_below(struct chance *c, uint32_t below)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return (uint32_t)(c->state >> 32) % below;
}

#endif
