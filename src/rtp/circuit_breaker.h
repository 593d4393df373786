/*
 * A peer that says nothing of what it gets must not be flooded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 8083 (4.1, 4.2) with the intervals of browsers, which report each
 * second: after 3 s of sending without any report the line is silent, the
 * rate is halved each second; after 10 s it is broken, and video stops until
 * a report comes. Pure.
 */
#ifndef RTP_CIRCUIT_BREAKER_H
#define RTP_CIRCUIT_BREAKER_H

#include <stdint.h>

#define CIRCUIT_SILENT_US 3000000
#define CIRCUIT_BROKEN_US 10000000

enum circuit_state { CIRCUIT_GOOD, CIRCUIT_SILENT, CIRCUIT_BROKEN };

struct circuit_breaker {
	int64_t waits_us;	/* since; INT64_MAX: nothing is to be said */
};

void circuit_breaker_init(struct circuit_breaker *c);
void circuit_breaker_sent(struct circuit_breaker *c, int64_t now_us);
/* Any report of what we sent. Returns how long we had waited for it. */
int64_t circuit_breaker_heard(struct circuit_breaker *c, int64_t now_us);

enum circuit_state circuit_breaker_state(const struct circuit_breaker *c,
    int64_t now_us);
/* How much of the rate is left, of 256. */
unsigned circuit_breaker_left_q8(const struct circuit_breaker *c,
    int64_t now_us);

#endif
