/*
 * The grid of tiles.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/layout.h"

#define TILE_ASPECT_W 16	/* as cameras and screens are */
#define TILE_ASPECT_H 9
#define ALIGN_X       16
#define ALIGN_Y       2
#define FILL_PERCENT  2

struct grid {
	int columns, rows;
	int w, h;		/* of a tile */
};

static int
align_down(int n, int step)
{
	return n / step * step;
}

static struct grid
grid_of(int columns, int count, int width, int height)
{
	struct grid g = { .columns = columns,
		.rows = (count + columns - 1) / columns };
	int         h;

	g.w = align_down(width / columns, ALIGN_X);
	h = align_down(height / g.rows, ALIGN_Y);
	if (h * TILE_ASPECT_W / TILE_ASPECT_H < g.w)
		g.w = align_down(h * TILE_ASPECT_W / TILE_ASPECT_H, ALIGN_X);
	g.h = align_down(g.w * TILE_ASPECT_H / TILE_ASPECT_W, ALIGN_Y);
	return g;
}

/* The grid of the largest tiles; of equals the one with fewer rows. */
static struct grid
grid_best(int count, int width, int height)
{
	struct grid best = grid_of(count, count, width, height);

	for (int columns = count - 1; columns >= 1; columns--) {
		const struct grid g = grid_of(columns, count, width, height);

		if (g.w * g.h > best.w * best.h)
			best = g;
	}
	return best;
}

void
layout_grid(struct layout_rect *out, unsigned count, int canvas_width,
    int canvas_height)
{
	struct grid g;
	int         n, top;

	if (count == 0)
		return;
	n = count > LAYOUT_TILES_MAX ? LAYOUT_TILES_MAX : (int)count;
	g = grid_best(n, canvas_width, canvas_height);
	top = align_down((canvas_height - g.rows * g.h) / 2, ALIGN_Y);
	for (int i = 0; i < n; i++) {
		const int row = i / g.columns;
		const int left_over = n - row * g.columns;
		const int in_row =
		    left_over < g.columns ? left_over : g.columns;

		out[i].x = align_down((canvas_width - in_row * g.w) / 2,
		    ALIGN_X) + i % g.columns * g.w;
		out[i].y = top + row * g.h;
		out[i].w = g.w;
		out[i].h = g.h;
	}
}

struct layout_rect
layout_fit(const struct layout_rect *cell, int picture_width,
    int picture_height)
{
	struct layout_rect fit = *cell;
	const long long    across = (long long)picture_width * cell->h;
	const long long    down = (long long)picture_height * cell->w;

	if (picture_width < 1 || picture_height < 1)
		return fit;
	if (across * 100 > down * (100 + FILL_PERCENT))
		fit.h = align_down((int)(down / picture_width), 2);
	else if (down * 100 > across * (100 + FILL_PERCENT))
		fit.w = align_down((int)(across / picture_height), 2);
	if (fit.w < 2)
		fit.w = 2;
	if (fit.h < 2)
		fit.h = 2;
	fit.x += align_down((cell->w - fit.w) / 2, 2);
	fit.y += align_down((cell->h - fit.h) / 2, 2);
	return fit;
}
