/*
 * A tile without a picture: initials on a disc, or a person's outline.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owner: compositor thread.
 */
#ifndef VIDEO_LABEL_H
#define VIDEO_LABEL_H

#include <stdint.h>

#include "video/layout.h"
#include "video/video_frame.h"

struct label;

int  label_new(struct label **out);
void label_free(struct label *l);

/*
 * Fills `rect` with `rgb` and draws `initials` in its middle, at most two of
 * A-Z and 0-9; a silhouette when there is none. Out of memory leaves the
 * plain colour.
 */
void label_draw(struct label *l, struct video_frame *canvas,
    const struct layout_rect *rect, const char *initials, uint32_t rgb);

#endif
