/*
 * The receiver's half of transport-wide congestion control.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1. Collects (sequence,
 * arrival) of every packet of one transport that carries the extension,
 * retransmissions and padding too, and writes feedback packets. Arrivals must
 * be kernel time stamps. A packet that comes after it was reported missing
 * moves the next feedback back to it; one more than 1023 behind the newest is
 * ignored. Pure; net thread.
 */
#ifndef RTP_TWCC_FEEDBACK_H
#define RTP_TWCC_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWCC_WINDOW 1024	/* most packets between two feedbacks */

struct twcc_feedback {
	bool     started;
	int64_t  next;			/* first sequence of the next feedback */
	int64_t  last;			/* highest sequence seen */
	uint8_t  count;			/* feedback packet count, wraps */
	int64_t  arrival_us[TWCC_WINDOW];	/* by sequence; 0: not come */
};

void twcc_feedback_init(struct twcc_feedback *t);

void twcc_feedback_received(struct twcc_feedback *t, uint16_t sequence,
    int64_t arrival_us);

/*
 * How long to collect for one feedback, so that feedback takes a twentieth of
 * a rate, within 50 and 250 ms; 0: not known. The rate: of what it is about,
 * or, when that is more, of what shares its way to the sender.
 */
int64_t twcc_feedback_interval_us(uint64_t bps);

/* Whether anything is to be reported. */
bool twcc_feedback_pending(const struct twcc_feedback *t);

/*
 * Writes one feedback packet for what came since the last (at most ~1100
 * bytes; call again while pending). Returns its length, 0 when there is
 * nothing or no room; 400 bytes are room enough to get on.
 */
size_t twcc_feedback_write(struct twcc_feedback *t, uint8_t *out, size_t size,
    uint32_t sender_ssrc, uint32_t media_ssrc);

#endif
