/*
 * The built-in letters: A-Z and 0-9 as strokes, so that they are smooth at
 * every size and need no font file.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Units: capitals are GLYPH_HEIGHT high, y grows downwards. A stroke is a
 * line when its corner is its first point, else a quarter of an ellipse that
 * leaves p0 towards the corner and comes to p1 from there. Pure.
 */
#ifndef VIDEO_GLYPH_H
#define VIDEO_GLYPH_H

#include <stdint.h>

#define GLYPH_HEIGHT      14
#define GLYPH_STROKES_MAX 8

struct glyph_stroke {
	int8_t x0, y0, corner_x, corner_y, x1, y1;
};

struct glyph {
	char                symbol;
	uint8_t             width;
	uint8_t             count;
	struct glyph_stroke strokes[GLYPH_STROKES_MAX];
};

/* NULL for what is not A-Z or 0-9. */
const struct glyph *glyph_find(char symbol);

#endif
