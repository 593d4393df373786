/*
 * What a person is told of the line: what holds it back most, if anything.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/line_quality.h"

#define WORSE_US 2000000
#define BETTER_US 5000000

/* Four packets in a hundred are heard; 400 ms of round trip make one interrupt. */
#define LOSS_Q16 (65536 * 4 / 100)
#define RTT_US   400000

void
line_quality_init(struct line_quality *q, int64_t now_us)
{
	*q = (struct line_quality){ .next_us = now_us };
}

static unsigned
smooth(unsigned before_q16, unsigned now_q8)
{
	return (3 * before_q16 + 256 * now_q8 + 2) / 4;
}

static enum ipc_quality_reason
worst(const struct line_quality *q, const struct line_look *look)
{
	if (look->busy)
		return IPC_QUALITY_BUSY;
	if (look->up_cut)
		return IPC_QUALITY_UP_RATE;
	if (q->up_q16 >= LOSS_Q16)
		return IPC_QUALITY_UP_LOSS;
	if (q->down_q16 >= LOSS_Q16)
		return IPC_QUALITY_DOWN_LOSS;
	if (look->cut)
		return IPC_QUALITY_DOWN_RATE;
	if (look->rtt_us >= RTT_US)
		return IPC_QUALITY_DELAY;
	return IPC_QUALITY_FINE;
}

enum ipc_quality_reason
line_quality_look(struct line_quality *q, const struct line_look *look,
    int64_t now_us)
{
	enum ipc_quality_reason now;

	q->up_q16 = smooth(q->up_q16, look->up_loss_q8);
	q->down_q16 = smooth(q->down_q16, look->down_loss_q8);
	now = worst(q, look);
	if (now != q->next) {
		q->next = now;
		q->next_us = now_us;
	}
	if (now_us - q->next_us >= (now == IPC_QUALITY_FINE ? BETTER_US :
	    WORSE_US))
		q->told = now;
	return q->told;
}
