/*
 * The jitter buffer of one audio stream: reorders, delays as little as the
 * line allows, and says what is missing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The target delay follows a high quantile of relative delays (arrival minus
 * media time, over the smallest of the last 2 s): it grows at once and shrinks
 * slowly, between 20 and 400 ms. Holds at most 64 packets; never delays more
 * than 400 ms: what is older when it is pulled is dropped. Duplicates and
 * packets older than what was played are refused, but what is late is learnt
 * from. A time stamp that goes back, or forth by more than 10 s, starts anew.
 * Handles any packet duration from 2.5 to 120 ms (the duration is given with
 * the packet).
 *
 * Pull when sound is needed, with the time it will be played: the delay is
 * measured at each pull, so whatever was made up or left out in between is
 * accounted for by itself. A packet is called lost only when a later one is
 * there; while nothing comes at all the verdict is JITTER_EARLY, and what was
 * played meanwhile stands for what proves to be missing.
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
	JITTER_LOST,		/* the next one is missing: conceal as long as
				 * the last packet lasted; when *out_next is
				 * set it follows directly, is borrowed until
				 * the next call, and may carry FEC for the
				 * missing one */
	JITTER_EARLY,		/* nothing to play yet (DTX, or late): conceal
				 * for a short while, then silence */
	JITTER_SKIP,		/* delay is above target: *out as PACKET, and
				 * the caller may shorten it, by all of it at
				 * most; one in five at most */
	JITTER_STRETCH,		/* delay is below target: *out as PACKET, and
				 * the caller may lengthen it, by no more than
				 * itself; one in five at most */
};

/* `clock_rate` 8000 to 192000, else -EINVAL; -ENOMEM. */
int  jitter_new(struct jitter **out, uint32_t clock_rate);
void jitter_free(struct jitter *j);

/*
 * Takes the packet when it returns true; a refused one stays the caller's.
 * `duration` in clock-rate units.
 */
bool jitter_push(struct jitter *j, struct packet *packet, uint16_t sequence,
    uint32_t timestamp, uint32_t duration);

/* The next thing to play at now_us. *out and *out_next are always set. */
enum jitter_verdict jitter_pull(struct jitter *j, int64_t now_us,
    struct packet **out, const struct packet **out_next);

/*
 * Waits so much longer than the line alone asks for, within the maximum: for
 * pictures that come later. 0 until it is called.
 */
void     jitter_set_wait(struct jitter *j, int64_t wait_us);

int64_t  jitter_target_us(const struct jitter *j);
/*
 * How long after its ideal arrival the next frame would be played now; 0 when
 * nothing is held.
 */
int64_t  jitter_delay_us(const struct jitter *j, int64_t now_us);
unsigned jitter_len(const struct jitter *j);

#endif
