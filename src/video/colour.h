/*
 * Pictures of other colour systems into ours: BT.601, limited range.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * VP8 knows no other. H.264, VP9 and AV1 say what they have, and browsers
 * send the pictures of a page's canvas in BT.709 of full range. Pure.
 */
#ifndef VIDEO_COLOUR_H
#define VIDEO_COLOUR_H

#include <stdbool.h>

#include "video/video_frame.h"

struct colour_system {
	bool full;		/* 0 to 255, not 16 to 235 */
	bool bt709;		/* else BT.601, or unknown */
};

/* Both are of one size, at most COLOUR_WIDTH_MAX wide. */
void colour_convert(struct video_frame *to, const struct video_frame *from,
    struct colour_system system);

#define COLOUR_WIDTH_MAX 1920

#endif
