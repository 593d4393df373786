/*
 * Filling and blending planes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/paint.h"

#include <string.h>

/* BT.601, video levels, in 1/65536; the rows sum to 219 and 0. */
struct paint_colour
paint_colour_of(uint32_t rgb)
{
	const int           r = (int)(rgb >> 16 & 0xff);
	const int           g = (int)(rgb >> 8 & 0xff);
	const int           b = (int)(rgb & 0xff);
	struct paint_colour c;

	c.yuv[0] = (uint8_t)((16829 * r + 33039 * g + 6416 * b +
	    (16 << 16) + 32768) >> 16);
	c.yuv[1] = (uint8_t)((-9714 * r - 19070 * g + 28784 * b +
	    (128 << 16) + 32768) >> 16);
	c.yuv[2] = (uint8_t)((28784 * r - 24103 * g - 4681 * b +
	    (128 << 16) + 32768) >> 16);
	return c;
}

static struct layout_rect
clip(const struct video_frame *frame, const struct layout_rect *rect)
{
	struct layout_rect r = *rect;

	if (r.x < 0) {
		r.w += r.x;
		r.x = 0;
	}
	if (r.y < 0) {
		r.h += r.y;
		r.y = 0;
	}
	if (r.w > frame->width - r.x)
		r.w = frame->width - r.x;
	if (r.h > frame->height - r.y)
		r.h = frame->height - r.y;
	return r;
}

void
paint_rect(struct video_frame *frame, const struct layout_rect *rect,
    struct paint_colour colour)
{
	const struct layout_rect r = clip(frame, rect);

	if (r.w <= 0 || r.h <= 0)
		return;
	for (int p = 0; p < 3; p++) {
		const int x = p ? r.x / 2 : r.x, y = p ? r.y / 2 : r.y;
		const int w = p ? (r.w + 1) / 2 : r.w;
		const int h = p ? (r.h + 1) / 2 : r.h;

		for (int row = y; row < y + h; row++)
			memset(frame->planes[p] +
			    (ptrdiff_t)row * frame->strides[p] + x,
			    colour.yuv[p], (size_t)w);
	}
}

static uint8_t
blend(uint8_t under, uint8_t over, unsigned alpha)
{
	return (uint8_t)((under * (255 - alpha) + over * alpha + 127) / 255);
}

/* The mean of the four mask bytes over one chroma pixel. */
static unsigned
mask_quad(const uint8_t *mask, const struct layout_rect *r, int x, int y)
{
	const int x1 = x + 1 < r->w ? x + 1 : x;
	const int y1 = y + 1 < r->h ? y + 1 : y;

	return (unsigned)(mask[y * r->w + x] + mask[y * r->w + x1] +
	    mask[y1 * r->w + x] + mask[y1 * r->w + x1] + 2) / 4;
}

void
paint_mask(struct video_frame *frame, const struct layout_rect *rect,
    const uint8_t *mask, struct paint_colour colour)
{
	if (rect->x < 0 || rect->y < 0 ||
	    rect->w > frame->width - rect->x ||
	    rect->h > frame->height - rect->y)
		return;
	for (int y = 0; y < rect->h; y++) {
		uint8_t *row = frame->planes[0] +
		    (ptrdiff_t)(rect->y + y) * frame->strides[0] + rect->x;

		for (int x = 0; x < rect->w; x++)
			row[x] = blend(row[x], colour.yuv[0],
			    mask[y * rect->w + x]);
	}
	for (int p = 1; p < 3; p++) {
		for (int y = 0; y < rect->h; y += 2) {
			uint8_t *row = frame->planes[p] +
			    (ptrdiff_t)((rect->y + y) / 2) *
			    frame->strides[p] + rect->x / 2;

			for (int x = 0; x < rect->w; x += 2)
				row[x / 2] = blend(row[x / 2], colour.yuv[p],
				    mask_quad(mask, rect, x, y));
		}
	}
}
