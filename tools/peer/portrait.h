/*
 * Drawing what a peer shows: a talking head, or a flat colour with a marker.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All motion is periodic over one turn (0..1), so that a loop has no seam.
 * Pure.
 */
#ifndef PEER_PORTRAIT_H
#define PEER_PORTRAIT_H

#include <stdbool.h>

#include "video/video_frame.h"

struct portrait {
	bool     flat;		/* the colour and a moving marker only */
	bool     talking;	/* the mouth moves */
	unsigned who;		/* picks clothes, hair, skin, room */
	uint32_t colour;	/* 0xRRGGBB, of a flat one */
};

/* Fills the frame; `turn` 0..1 is the place in the loop, `second` its time. */
void portrait_draw(const struct portrait *p, struct video_frame *frame,
    double turn, double second);

/* The test colour of peer `who`: far apart from its neighbours. */
uint32_t portrait_test_colour(unsigned who);

#endif
