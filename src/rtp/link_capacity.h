/*
 * What the line carried when its queue began to grow.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An average of what arrived at each overuse, with its deviation: near it one
 * climbs slowly, and outside of it the line is not what it was. Pure.
 */
#ifndef RTP_LINK_CAPACITY_H
#define RTP_LINK_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise: not known. */
struct link_capacity {
	bool   known;
	double kbps;
	double deviation;	/* variance over the average, in kbit/s */
};

void link_capacity_forget(struct link_capacity *c);
void link_capacity_overused(struct link_capacity *c, int64_t acked_bps);
/* A probe measured it. */
void link_capacity_probed(struct link_capacity *c, int64_t bps);

/* Of a known one: the average, and three deviations around it. */
int64_t link_capacity_bps(const struct link_capacity *c);
int64_t link_capacity_upper_bps(const struct link_capacity *c);
int64_t link_capacity_lower_bps(const struct link_capacity *c);

#endif
