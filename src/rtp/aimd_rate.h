/*
 * The rate by delay: up while the queue is still, down when it grows.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * draft-ietf-rmcat-gcc-02, 5.5: additive near the known capacity of the line,
 * else by 8 % a second; never above one and a half times what arrives (five
 * quarters below AIMD_THIN_BPS); down to 85 % of what arrives, once a round
 * trip, or of what it was while the queue is short: a rendition often sends
 * less than the line takes. While the application sends less than it might it
 * stands still, since nothing is learnt: only a probe raises it then. A
 * rendition may also be more than the rate: what arrives of it without a queue
 * is carried. Pure.
 */
#ifndef RTP_AIMD_RATE_H
#define RTP_AIMD_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp/link_capacity.h"
#include "rtp/overuse_detector.h"

#define AIMD_THIN_BPS 150000	/* below, a wrong guess costs sound */

struct aimd_rate {
	int64_t bps, least_bps, most_bps;
	enum { AIMD_HOLD, AIMD_INCREASE } state;
	int64_t changed_us;		/* INT64_MIN: never */
	bool    proven;			/* it is not merely the start rate */
	bool    at_limit;		/* of what arrives, or nearly there */
	struct link_capacity capacity;
};

/* What is known when it is updated. */
struct aimd_input {
	enum line_usage usage;
	int64_t acked_bps;		/* 0: not known */
	int64_t acked_most_bps;		/* of late, at least acked_bps */
	int64_t rtt_us;
	int64_t queue_us;		/* of the line */
	bool    application_limited;	/* or was, a moment ago */
};

void aimd_rate_init(struct aimd_rate *a, int64_t start_bps,
    int64_t least_bps, int64_t most_bps);

/* After each feedback. */
void aimd_rate_update(struct aimd_rate *a, const struct aimd_input *in,
    int64_t now_us);

/* Measured by a probe, or otherwise known better. */
void aimd_rate_set(struct aimd_rate *a, int64_t bps, int64_t now_us);

#endif
