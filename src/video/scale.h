/*
 * Scaling a picture straight into its place on the canvas.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libyuv where it is the fastest at no loss (1:1, 2:1, 4:1, 4:3 by box, and
 * enlarging); swscale's AREA at every other ratio. swscale writes up to 12
 * bytes past the right edge unless the width is a multiple of 16: then it
 * goes through a scratch picture. A scaler keeps what one tile needs from one
 * picture to the next. Owner: one thread.
 */
#ifndef VIDEO_SCALE_H
#define VIDEO_SCALE_H

#include "video/layout.h"
#include "video/video_frame.h"

struct scaler;

/* Touches the libraries once, before the sandbox. Returns 0 or -ENOMEM. */
int  scaler_prepare(void);

int  scaler_new(struct scaler **out);
void scaler_free(struct scaler *s);

/*
 * Fills `rect` of `canvas` with the whole of `picture`. The rectangle has even
 * x and y, and even sizes unless it ends at the edge of the canvas.
 * Returns 0, -EINVAL for a rectangle outside of the canvas, or -ENOMEM.
 */
int scaler_draw(struct scaler *s, const struct video_frame *picture,
    struct video_frame *canvas, const struct layout_rect *rect);

#endif
