/*
 * Which of the layers that a simulcast sender sends is decoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smallest that fills the tile to nine tenths each way, else the largest
 * there is. What a tile needs comes with its own hysteresis (room/layers.c),
 * so a change of it is followed as soon as the last one is 2.5 s ago, which
 * the budget for decoding allows (room/decode_budget.h). A layer that stopped while it was
 * wanted is not trusted until it has come for 5 s without a break, then 10,
 * 20, 40: a line that carries it now and then would else freeze the picture
 * again and again. Who sends nothing else is taken as he is. Pure: time is an
 * argument. Net thread.
 */
#ifndef ROOM_LAYER_CHOICE_H
#define ROOM_LAYER_CHOICE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define LAYERS_MAX 3
#define LAYER_NONE UINT_MAX

/* What is known of one layer. */
struct layer_sight {
	bool     comes;		/* its packets do, now */
	uint32_t pixels;	/* of its newest key frame; 0: not known */
};

struct layer_choice {
	unsigned target;	/* LAYER_NONE: nothing to choose from yet */
	int64_t  target_us;	/* since when */
	unsigned changes;	/* of it, up to LAYERS_MAX */
	struct {
		bool     comes;
		int64_t  since_us;	/* without a break, when it comes */
		unsigned stops;		/* while it was wanted; fade */
	} past[LAYERS_MAX];
};

void layer_choice_init(struct layer_choice *c);

/* Whether a layer is large enough for a tile, both in pixels. */
bool layer_fills(uint32_t layer, uint32_t tile);

/* What a layer has now, when another one of the same camera went `from`, which
 * is not 0, `to` so many pixels. */
uint32_t layer_scaled(uint32_t pixels, uint32_t from, uint32_t to);

/* Returns the target. `pixels`: what the tile needs. */
unsigned layer_choice_look(struct layer_choice *c,
    const struct layer_sight *layers, unsigned count, uint32_t pixels,
    int64_t now_us);

#endif
