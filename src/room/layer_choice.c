/*
 * Which of the layers that a simulcast sender sends is decoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "room/layer_choice.h"

#define TRUST_US    5000000	/* doubled with each stop after the first */
#define STOPS_MAX   4
#define DWELL_US    2500000	/* a decoder may change its size as often */
#define FORGIVEN_US 60000000	/* wanted for so long without a stop */

void
layer_choice_init(struct layer_choice *c)
{
	memset(c, 0, sizeof(*c));
	c->target = LAYER_NONE;
}

static void
remember(struct layer_choice *c, const struct layer_sight *layers,
    unsigned count, int64_t now_us)
{
	for (unsigned i = 0; i < count; i++) {
		if (layers[i].comes && !c->past[i].comes)
			c->past[i].since_us = now_us;
		if (!layers[i].comes && c->past[i].comes && i == c->target &&
		    c->past[i].stops < STOPS_MAX)
			c->past[i].stops++;
		c->past[i].comes = layers[i].comes;
		if (i == c->target && layers[i].comes &&
		    now_us - c->past[i].since_us >= FORGIVEN_US &&
		    now_us - c->target_us >= FORGIVEN_US)
			c->past[i].stops = 0;
	}
}

static bool
is_trusted(const struct layer_choice *c, unsigned i, int64_t now_us)
{
	const unsigned stops = c->past[i].stops;

	/* What is in use has been trusted already. */
	return stops == 0 || i == c->target ||
	    now_us - c->past[i].since_us >= TRUST_US << (stops - 1);
}

/* Nine tenths each way are four fifths of the pixels. */
bool
layer_fills(uint32_t layer, uint32_t tile)
{
	return (uint64_t)layer * 5 >= (uint64_t)tile * 4;
}

uint32_t
layer_scaled(uint32_t pixels, uint32_t from, uint32_t to)
{
	const uint64_t scaled = (uint64_t)pixels * to / from;

	return scaled < UINT32_MAX ? (uint32_t)scaled : UINT32_MAX;
}

static bool
is_better(uint32_t layer, uint32_t than, uint32_t tile)
{
	if (layer_fills(than, tile))
		return layer_fills(layer, tile) && layer < than;
	return layer > than;
}

static unsigned
best_of(const struct layer_choice *c, const struct layer_sight *layers,
    unsigned count, uint32_t pixels, bool trusted, int64_t now_us)
{
	unsigned best = LAYER_NONE;

	for (unsigned i = 0; i < count; i++) {
		if (!layers[i].comes || layers[i].pixels == 0 ||
		    (trusted && !is_trusted(c, i, now_us)))
			continue;
		if (best == LAYER_NONE || is_better(layers[i].pixels,
		    layers[best].pixels, pixels))
			best = i;
	}
	return best;
}

unsigned
layer_choice_look(struct layer_choice *c, const struct layer_sight *layers,
    unsigned count, uint32_t pixels, int64_t now_us)
{
	unsigned best;

	remember(c, layers, count, now_us);
	best = best_of(c, layers, count, pixels, true, now_us);
	if (best == LAYER_NONE)
		best = best_of(c, layers, count, pixels, false, now_us);
	/* When all are silent, or unknown, what was is as good as any. */
	if (best == LAYER_NONE || best == c->target)
		return c->target;
	/* The first changes come of learning what there is. */
	if (c->changes >= LAYERS_MAX && layers[c->target].comes &&
	    now_us - c->target_us < DWELL_US)
		return c->target;
	c->target = best;
	c->target_us = now_us;
	if (c->changes < LAYERS_MAX)
		c->changes++;
	return c->target;
}
