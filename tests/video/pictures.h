/*
 * Pictures for the video tests, and how alike two of them are.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_VIDEO_PICTURES_H
#define TESTS_VIDEO_PICTURES_H

#include <stdint.h>

#include "video/layout.h"
#include "video/video_frame.h"

/* A picture of its own pool; ends the test when there is no memory. */
struct video_frame *picture_new(int width, int height);

void picture_fill(struct video_frame *f, uint8_t y, uint8_t u, uint8_t v);

/*
 * Something like a room with a person in it: soft shapes, some edges and a
 * little noise, that move with `time`. `seed` makes another scene.
 */
void picture_scene(struct video_frame *f, unsigned time, unsigned seed);

/* dB over the luma of `rect`, which has the size of `want`. */
double picture_psnr(const struct video_frame *got,
    const struct layout_rect *rect, const struct video_frame *want);

/* The luma of `from`, scaled into `to` by a Lanczos filter of three lobes. */
void picture_lanczos(struct video_frame *to, const struct video_frame *from);

/* Resident memory of this process in bytes. */
long memory_used(void);

#endif
