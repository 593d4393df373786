/*
 * Where each person's tile is: a grid that keeps the canvas full.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tiles are aligned to 16 pixels in x and w (the scaler may write up to 12
 * bytes past an edge that is not) and to 2 in y and h, never overlap and stay
 * inside the canvas. 1..49 people; the last row is centred. Pure.
 */
#ifndef VIDEO_LAYOUT_H
#define VIDEO_LAYOUT_H

#define LAYOUT_TILES_MAX 49

struct layout_rect {
	int x, y, w, h;
};

/* Writes `count` rectangles; count is clamped to LAYOUT_TILES_MAX. */
void layout_grid(struct layout_rect *out, unsigned count, int canvas_width,
    int canvas_height);

/*
 * The largest rectangle of the picture's aspect inside `cell`, even
 * coordinates; fills the cell when the aspects differ by less than 2 %.
 */
struct layout_rect layout_fit(const struct layout_rect *cell,
    int picture_width, int picture_height);

#endif
