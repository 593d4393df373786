/*
 * What encodings of the mosaic there may be, and which of them who gets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one place for that policy. Of a canvas of 720p at 25 frames and
 * 1.5 Mbit/s the rungs are
 *
 *   0  720p25 1.5 M    3  180p15 150 k
 *   1  360p25 500 k    4  180p7   80 k
 *   2  360p15 300 k    5  stills of 180p or 360p, one each 2 s, 30 k
 *
 * Large pictures are VP8, or H.264 for who has no VP8: every client shares
 * one. At 360p and below AV1, else VP9, goes to who takes it in mid-stream:
 * there the same bits give a decibel or two for a few milliseconds more. When
 * the processors are short everybody is back in the first codec. Rungs 2 and
 * 4 of VP8 cost no encoder of their own: they are every other frame of the
 * rung before, 12 and 7 a second. H.264 has no such layers, and is
 * never larger than the level that its viewer promised. Pure; any thread.
 */
#ifndef ROOM_RENDITION_MENU_H
#define ROOM_RENDITION_MENU_H

#include <stdbool.h>
#include <stdint.h>

#include "room/rendition_choice.h"
#include "util/video_codec.h"
#include "video/video_encoder.h"

#define RENDITION_MENU_MAX 32	/* bits of a set */
#define RENDITION_RUNGS    6

struct rendition_canvas {
	int      width, height, fps;
	uint32_t bps;
	unsigned nal_max;	/* of H.264 in packetization mode 0 */
};

/* All that may be made, whether watched or not. */
struct rendition_menu {
	unsigned count;
	uint32_t rung_bps[RENDITION_RUNGS];
	struct video_encoder_config made[RENDITION_MENU_MAX];
	uint8_t  rungs[RENDITION_MENU_MAX];	/* of each; its first */
};

/* What a client takes. */
struct rendition_taker {
	enum video_codec codec;		/* VP8 or H.264 */
	bool             single_nal;	/* H.264: packetization mode 0 */
	uint8_t          level_idc;	/* H.264: 31 is level 3.1 */
	unsigned         also;		/* bits of codecs, in mid-stream */
	uint16_t         max_height;
};

/* The way of one viewer, for rendition_choice. */
struct rendition_way {
	struct rendition_rungs rungs;
	unsigned               largest;		/* rung, by size and level */
	struct {
		uint8_t rendition;		/* index into the menu */
		bool    base;			/* without what is droppable */
	} of[RENDITION_RUNGS];
};

void rendition_menu_fill(struct rendition_menu *menu,
    const struct rendition_canvas *canvas);

/* `busy`: the processors are short. */
void rendition_menu_way(struct rendition_way *way,
    const struct rendition_menu *menu, const struct rendition_taker *taker,
    bool busy);

#endif
