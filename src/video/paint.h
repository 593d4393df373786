/*
 * Plain colours and shapes on a picture.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours are given as 0xRRGGBB and painted as BT.601 video levels, which is
 * how browsers show VP8. Rectangles are clipped to the picture; their x and y
 * are even. Pure; the picture is the caller's and writable.
 */
#ifndef VIDEO_PAINT_H
#define VIDEO_PAINT_H

#include <stdint.h>

#include "video/layout.h"
#include "video/video_frame.h"

struct paint_colour {
	uint8_t yuv[3];
};

struct paint_colour paint_colour_of(uint32_t rgb);

void paint_rect(struct video_frame *frame, const struct layout_rect *rect,
    struct paint_colour colour);

/*
 * Lays the colour over `rect` as far as `mask` says (0 nothing, 255 whole);
 * `rect->w` bytes a row, one for each luma pixel.
 */
void paint_mask(struct video_frame *frame, const struct layout_rect *rect,
    const uint8_t *mask, struct paint_colour colour);

#endif
