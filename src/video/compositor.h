/*
 * The mosaic: one canvas on which each new picture is drawn once.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each person has a mailbox of decoded pictures. A tick takes what is new and
 * scales it straight into its tile, keeping aspect; nothing else is touched.
 * Who has the camera off, or sent no picture for 2 s, gets a tile with
 * initials on his colour (A-Z, 0-9 from a built-in bitmap font, else a
 * silhouette). Never waits for anybody. Owner: compositor thread.
 */
#ifndef VIDEO_COMPOSITOR_H
#define VIDEO_COMPOSITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "util/mailbox.h"
#include "video/layout.h"
#include "video/video_frame.h"

struct compositor_person {
	uint32_t        id;		/* public participant id */
	struct mailbox *pictures;	/* of struct video_frame; outlives */
	uint32_t        generation;	/* pictures of another are not his */
	bool            camera;		/* switched on, as far as we know */
	char            initials[3];	/* "AL", "" for a silhouette */
	uint32_t        colour;		/* 0xRRGGBB of an empty tile */
};

struct compositor_tile {
	uint32_t           id;
	struct layout_rect rect;
};

struct compositor;

int  compositor_new(struct compositor **out, int width, int height);
void compositor_free(struct compositor *c);

/*
 * Who is shown from the next tick on, in this order; at most
 * LAYOUT_TILES_MAX. Unchanged people keep their picture (redrawn at the new
 * size from the last one, which is kept).
 */
void compositor_set_people(struct compositor *c,
    const struct compositor_person *people, unsigned count);

/* Draws what is new. Returns whether the canvas changed. */
bool compositor_tick(struct compositor *c, int64_t now_us);

/* The canvas, borrowed until the next tick. */
const struct video_frame *compositor_canvas(const struct compositor *c);

/* A copy of the canvas from `pool` (same size); NULL when the pool is empty. */
struct video_frame *compositor_snapshot(const struct compositor *c,
    struct video_pool *pool);

/* Where the tiles are; `version` grows with each change of them. */
unsigned compositor_tiles(const struct compositor *c,
    struct compositor_tile out[LAYOUT_TILES_MAX], uint32_t *version);

/* The hashed colour of a person, the same as the page's (by public id). */
uint32_t compositor_colour(uint32_t id);

/* Initials of a name: first letters of the first and last word, A-Z 0-9. */
void compositor_initials(char out[3], const char *name, unsigned long len);

#endif
