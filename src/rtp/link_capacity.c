/*
 * What the line carried when its queue began to grow.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/link_capacity.h"

#define WEIGHT_OVERUSE  0.05
#define WEIGHT_PROBE    0.5
#define DEVIATION_LEAST 0.4
#define DEVIATION_MOST  2.5
#define DEVIATIONS      3.0

void
link_capacity_forget(struct link_capacity *c)
{
	c->known = false;
}

static void
learn(struct link_capacity *c, double kbps, double weight)
{
	double error;

	if (!c->known) {
		c->known = true;
		c->kbps = kbps;
		c->deviation = DEVIATION_LEAST;
	}
	c->kbps += weight * (kbps - c->kbps);
	error = c->kbps - kbps;
	c->deviation = (1 - weight) * c->deviation +
	    weight * error * error / fmax(c->kbps, 1);
	c->deviation = fmin(fmax(c->deviation, DEVIATION_LEAST),
	    DEVIATION_MOST);
}

void
link_capacity_overused(struct link_capacity *c, int64_t acked_bps)
{
	learn(c, (double)acked_bps / 1000, WEIGHT_OVERUSE);
}

void
link_capacity_probed(struct link_capacity *c, int64_t bps)
{
	learn(c, (double)bps / 1000, WEIGHT_PROBE);
}

int64_t
link_capacity_bps(const struct link_capacity *c)
{
	return (int64_t)(c->kbps * 1000);
}

static double
spread_kbps(const struct link_capacity *c)
{
	return DEVIATIONS * sqrt(c->deviation * c->kbps);
}

int64_t
link_capacity_upper_bps(const struct link_capacity *c)
{
	return (int64_t)((c->kbps + spread_kbps(c)) * 1000);
}

int64_t
link_capacity_lower_bps(const struct link_capacity *c)
{
	return (int64_t)(fmax(0, c->kbps - spread_kbps(c)) * 1000);
}
