/*
 * The rate by loss: which rate explains best what was lost.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/loss_control.h"

#define OBSERVATION_US   250000
#define OBSERVATION_PACKETS 20
#define OLDEST_US        5000000
#define WEIGHT           0.9	/* of each older observation */
#define INHERENT_START   0.01
#define INHERENT_LEAST   0.001
#define INHERENT_OFFSET  0.05
#define BALANCE_BPS      100000.0
#define INHERENT_MOST    0.9
#define HALVINGS         12
#define DOUBT            1.5	/* deviations of a sum of so few */
#define BIAS_KBPS        0.0002
#define BIAS_LOG         0.02
#define BIAS_LOSS        0.15	/* above, hardly */
#define BIAS_LEAST       0.05
#define BIAS_SMOOTHING   0.002
#define RAMP             1.5	/* of what arrives */
#define RAMP_HELD        1.2
#define HOLD_US          300000
#define HOLD_MOST_US     10000000
#define CANDIDATES       5

void
loss_control_init(struct loss_control *c, int64_t start_bps)
{
	*c = (struct loss_control){
		.bps = (double)start_bps, .inherent = INHERENT_START,
		.from_us = INT64_MIN, .held_until_us = INT64_MIN,
		.hold_us = HOLD_US,
	};
}

void
loss_control_add(struct loss_control *c, int64_t bytes, bool lost,
    int64_t sent_us)
{
	if (c->from_us == INT64_MIN || sent_us < c->from_us)
		c->from_us = c->to_us = sent_us;
	if (sent_us > c->to_us)
		c->to_us = sent_us;
	c->packets++;
	c->lost += lost;
	c->bytes += bytes;
}

void
loss_control_found(struct loss_control *c)
{
	if (c->lost > 0)
		c->lost--;
}

void
loss_control_late(struct loss_control *c)
{
	if (c->lost < c->packets)
		c->lost++;
}

/* ---- the model ----------------------------------------------------------- */

/* How likely a packet is to be lost, if the line carries `bps`. */
static double
loss_chance(double inherent, double bps, double sent_bps)
{
	double chance = inherent;

	if (sent_bps > bps)
		chance += (1 - inherent) * (sent_bps - bps) / sent_bps;
	return fmin(fmax(chance, 1e-6), 1 - 1e-6);
}

static const struct loss_observation *
observation(const struct loss_control *c, unsigned age)
{
	return &c->observed[(c->count - 1 - age) % LOSS_OBSERVATIONS];
}

/* How many are known, and not too old to say something of the line now. */
static unsigned
observations(const struct loss_control *c)
{
	unsigned count = c->count < LOSS_OBSERVATIONS ? c->count :
	    LOSS_OBSERVATIONS;

	while (count > 0 &&
	    c->now_us - observation(c, count - 1)->at_us > OLDEST_US)
		count--;
	return count;
}

static double
average_loss(const struct loss_control *c)
{
	double packets = 0, lost = 0, weight = 1;

	for (unsigned i = 0; i < observations(c); i++, weight *= WEIGHT) {
		packets += weight * observation(c, i)->packets;
		lost += weight * observation(c, i)->lost;
	}
	return packets > 0 ? lost / packets : 0;
}

/* How much more than what it loses may be seen of so few packets. */
static double
doubt(const struct loss_control *c, double loss)
{
	double packets = 0, weight = 1;

	for (unsigned i = 0; i < observations(c); i++, weight *= WEIGHT)
		packets += weight * observation(c, i)->packets;
	return DOUBT * sqrt(loss * (1 - loss) / fmax(packets, 1));
}

/* Which way the likelihood grows: above 0 with more loss of the line itself. */
static double
slope_at(const struct loss_control *c, double bps, double inherent)
{
	double slope = 0, weight = 1;

	for (unsigned i = 0; i < observations(c); i++, weight *= WEIGHT) {
		const struct loss_observation *o = observation(c, i);
		const double p = loss_chance(inherent, bps, o->sent_bps);
		const double share = (1 - p) / fmax(1 - inherent, 1e-6);

		slope += weight * share * (o->lost / p -
		    (o->packets - o->lost) / (1 - p));
	}
	return slope;
}

/*
 * The likeliest loss of the line itself if it carries `bps`: the likelihood
 * has one peak, so its slope is halved in.
 */
static double
inherent_of(const struct loss_control *c, double bps)
{
	double low = INHERENT_LEAST;
	double high = fmax(low, fmin(INHERENT_MOST, INHERENT_OFFSET +
	    BALANCE_BPS / bps + doubt(c, average_loss(c))));

	for (unsigned i = 0; i < HALVINGS; i++) {
		const double middle = (low + high) / 2;

		if (slope_at(c, bps, middle) > 0)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* More is better, all else being equal; unless much is lost. */
static double
bias(double bps, double loss)
{
	const double kbps = bps / 1000;
	const double doubt = (BIAS_LOSS - loss) /
	    (BIAS_SMOOTHING + fabs(BIAS_LOSS - loss));

	return fmax(BIAS_LEAST, doubt) * (BIAS_KBPS * kbps + BIAS_LOG * log(1 + kbps));
}

static double
likelihood(const struct loss_control *c, double bps, double inherent,
    double loss)
{
	double sum = 0, weight = 1;

	for (unsigned i = 0; i < observations(c); i++, weight *= WEIGHT) {
		const struct loss_observation *o = observation(c, i);
		const double p = loss_chance(inherent, bps, o->sent_bps);

		sum += weight * (o->lost * log(p) +
		    (o->packets - o->lost) * log(1 - p));
		sum += weight * o->packets * bias(bps, loss);
	}
	return sum;
}

/* ---- the choice ---------------------------------------------------------- */

/* Whatever explains the loss. */
static double
most_at(const struct loss_control *c, double all_loss)
{
	const double loss = all_loss - doubt(c, all_loss);

	return loss > INHERENT_OFFSET ?
	    BALANCE_BPS / (loss - INHERENT_OFFSET) : INFINITY;
}

static bool
observe(struct loss_control *c)
{
	const int64_t span_us = c->packets > 0 ? c->to_us - c->from_us : 0;

	if (span_us < OBSERVATION_US || c->packets < OBSERVATION_PACKETS)
		return false;
	c->observed[c->count % LOSS_OBSERVATIONS] = (struct loss_observation){
		.packets = c->packets,
		.lost = c->lost,
		.sent_bps = fmax(1, (double)c->bytes * 8e6 / (double)span_us),
		.at_us = c->now_us,
	};
	c->count++;
	/* Within twice the window, and at the same place of it. */
	if (c->count == 2 * LOSS_OBSERVATIONS)
		c->count = LOSS_OBSERVATIONS;
	c->packets = c->lost = 0;
	c->bytes = 0;
	c->from_us = c->to_us;
	return true;
}

static double
likeliest(struct loss_control *c, const struct loss_input *in, double loss)
{
	const double most = most_at(c, loss);
	const double candidates[CANDIDATES] = {
		c->bps, c->bps * 1.02, c->bps * 0.95, (double)in->delay_bps,
		in->application_limited || in->acked_bps == 0 ? c->bps :
		    (double)in->acked_bps,
	};
	double best = c->bps, best_inherent = c->inherent;
	double best_likelihood = -INFINITY;

	for (unsigned i = 0; i < CANDIDATES; i++) {
		const double bps = fmax(1000, fmin(candidates[i], most));
		const double inherent = inherent_of(c, bps);
		const double value = likelihood(c, bps, inherent, loss);

		if (value > best_likelihood) {
			best_likelihood = value;
			best = bps;
			best_inherent = inherent;
		}
	}
	c->inherent = best_inherent;
	/* More is lost than the line itself explains: not the time to rise. */
	return best > c->bps && loss > best_inherent ? c->bps : best;
}

/* Where loss is the limit, one goes up in steps, and not just after down. */
static double
not_too_fast(const struct loss_control *c, const struct loss_input *in,
    double bps, int64_t now_us)
{
	const bool held = now_us < c->held_until_us;
	const double acked = (double)in->acked_bps;

	if (bps <= c->bps)
		return bps;
	if (acked > 0)
		bps = fmin(bps, fmax(c->bps, acked *
		    (held ? RAMP_HELD : RAMP)));
	return held ? fmin(bps, fmax(c->bps, c->held_bps)) : bps;
}

void
loss_control_update(struct loss_control *c, const struct loss_input *in,
    int64_t now_us)
{
	const double delay = (double)in->delay_bps;
	double       bps;

	c->now_us = now_us;
	/* Where it is no limit it has no opinion of its own, nor when it knows
	 * nothing any more. */
	if (c->limits && observations(c) == 0)
		c->limits = false;
	if (!c->limits)
		c->bps = delay;
	if (observe(c)) {
		bps = likeliest(c, in, average_loss(c));
		if (c->limits)
			bps = not_too_fast(c, in, bps, now_us);
		bps = fmax(bps, (double)in->least_bps);
		if (bps < c->bps && bps < delay) {
			c->held_bps = bps;
			c->held_until_us = now_us + c->hold_us;
			c->hold_us = c->hold_us * 2 > HOLD_MOST_US ?
			    HOLD_MOST_US : c->hold_us * 2;
		}
		c->bps = bps;
		c->limits = bps < delay;
	}
	if (c->bps >= delay) {
		c->bps = delay;
		c->limits = false;
	}
	if (!c->limits && now_us >= c->held_until_us)
		c->hold_us = HOLD_US;
}

void
loss_control_probed(struct loss_control *c, int64_t bps)
{
	if (c->limits && (double)bps > c->bps)
		c->bps = fmin((double)bps, most_at(c, average_loss(c)));
}

int64_t
loss_control_bps(const struct loss_control *c)
{
	return (int64_t)c->bps;
}
