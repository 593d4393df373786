/*
 * Chance that is the same in each run (xorshift64).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_RTP_CHANCE_H
#define TESTS_RTP_CHANCE_H

#include <stdbool.h>
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

/*
 * Whether the next packet is lost: of 1000 so many, in runs of the mean length
 * (Gilbert). *losing is kept between two packets, false at first.
 */
static inline bool
chance_loses(struct chance *c, bool *losing, unsigned permille, unsigned run)
{
	if (run <= 1)
		return chance_below(c, 1000) < permille;
	if (*losing)
		*losing = chance_below(c, run) > 0;
	else
		*losing = chance_below(c, (1000 - permille) * run) < permille;
	return *losing;
}

#endif
