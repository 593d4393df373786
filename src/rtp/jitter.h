/*
 * The jitter buffer of one audio stream: reorders, delays as little as the
 * line allows, and says what is missing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The target delay follows a high quantile of relative delays (arrival minus
 * media time, over the smallest of the last 2 s): it grows at once and shrinks
 * slowly, between 20 and 400 ms. Holds at most 64 packets; never delays more
 * than 400 ms. Duplicates and packets older than what was played are refused.
 * A jump of the time stamp by more than 10 s starts anew. Handles any packet
 * duration from 2.5 to 120 ms (the duration is given with the packet).
 * Pure: time is an argument. Owner: audio thread.
 */
#ifndef RTP_JITTER_H
#define RTP_JITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "util/packet.h"

#define JITTER_DELAY_MIN_US   20000
#define JITTER_DELAY_START_US 60000
#define JITTER_DELAY_MAX_US   400000

struct jitter;

enum jitter_verdict {
	JITTER_PACKET,		/* *out is the next packet, the caller's */
	JITTER_LOST,		/* the next one is missing: conceal; when
				 * *out_next is set it is borrowed and may
				 * carry FEC for the missing one */
	JITTER_EARLY,		/* nothing to play yet: silence or DTX */
	JITTER_SKIP,		/* delay is above target: *out as PACKET, and
				 * the caller may shorten by one frame */
};

int  jitter_new(struct jitter **out, uint32_t clock_rate);
void jitter_free(struct jitter *j);

/*
 * Takes the packet when it returns true; a refused one stays the caller's.
 * `duration` in clock-rate units.
 */
bool jitter_push(struct jitter *j, struct packet *packet, uint16_t sequence,
    uint32_t timestamp, uint32_t duration);

/* The next thing to play at now_us. */
enum jitter_verdict jitter_pull(struct jitter *j, int64_t now_us,
    struct packet **out, const struct packet **out_next);

int64_t  jitter_target_us(const struct jitter *j);
int64_t  jitter_delay_us(const struct jitter *j, int64_t now_us);
unsigned jitter_len(const struct jitter *j);

#endif
