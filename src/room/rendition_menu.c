/*
 * What encodings of the mosaic there may be, and which of them who gets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stddef.h>

#include "room/rendition_menu.h"

/* Up to this height a picture may be in a codec that costs more to make. */
#define RICH_HEIGHT 360

/* Divisors of the canvas, thousandths of its rate, percent of its frames. */
static const struct rung {
	int  size, rate, fps;
	bool half;		/* every other frame of the rung before */
	bool stills;
} rungs[RENDITION_RUNGS] = {
	{ 1, 1000, 100, false, false },
	{ 2, 333, 100, false, false },
	{ 2, 200, 60, true, false },
	{ 4, 100, 60, false, false },
	{ 4, 53, 30, true, false },
	{ 2, 20, 1, false, true },
};

#define STILLS (RENDITION_RUNGS - 1)

/* H.264 twice: RFC 6184's packetization mode 0 has no large NAL units. */
static const struct line {
	enum video_codec codec;
	bool             single_nal;
	bool             rich;		/* small pictures only, who takes it */
	bool             layers;
	int              stills_size;	/* divisor: what stays sharp */
} lines[] = {
	{ VIDEO_AV1, false, true, false, 2 },
	{ VIDEO_VP9, false, true, false, 2 },
	{ VIDEO_VP8, false, false, true, 4 },
	{ VIDEO_H264, false, false, false, 4 },
	{ VIDEO_H264, true, false, false, 4 },
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

_Static_assert(LINES * RENDITION_RUNGS <= RENDITION_MENU_MAX, "all fit");
_Static_assert(RENDITION_RUNGS <= RENDITION_RUNGS_MAX, "all fit");

/* A size of the canvas divided; even, as 4:2:0 wants it. */
static int
even_part(int size, int divisor)
{
	return size / divisor & ~1;
}

static uint32_t
rung_bps(const struct rendition_canvas *canvas, unsigned rung)
{
	return (uint32_t)((uint64_t)canvas->bps *
	    (unsigned)rungs[rung].rate / 1000);
}

static struct video_encoder_config
encoder_of(const struct rendition_canvas *canvas, const struct line *line,
    unsigned rung)
{
	const int size = rungs[rung].stills ? line->stills_size :
	    rungs[rung].size;
	struct video_encoder_config cfg = {
		.width = even_part(canvas->width, size),
		.height = even_part(canvas->height, size),
		.fps = canvas->fps * rungs[rung].fps / 100,
		.bps = rung_bps(canvas, rung),
		.codec = line->codec,
		.nal_max = line->single_nal ? canvas->nal_max : 0,
		.stills = rungs[rung].stills,
	};

	if (cfg.fps < 1)
		cfg.fps = 1;
	if (line->layers && rung + 1 < RENDITION_RUNGS && rungs[rung + 1].half)
		cfg.base_bps = rung_bps(canvas, rung + 1);
	return cfg;
}

void
rendition_menu_fill(struct rendition_menu *menu,
    const struct rendition_canvas *canvas)
{
	*menu = (struct rendition_menu){ .count = 0 };
	for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++)
		menu->rung_bps[rung] = rung_bps(canvas, rung);
	for (size_t i = 0; i < LINES; i++) {
		for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++) {
			const struct video_encoder_config cfg = encoder_of(
			    canvas, &lines[i], rung);

			if ((lines[i].layers && rungs[rung].half) ||
			    (lines[i].rich && cfg.height > RICH_HEIGHT))
				continue;
			menu->made[menu->count] = cfg;
			menu->rungs[menu->count++] = (uint8_t)rung;
		}
	}
}

/* ITU-T H.264, table A-1: macroblocks of a frame, and a second. */
static const struct level {
	unsigned idc, frame, second;
} levels[] = {
	{ 10, 99, 1485 }, { 11, 396, 3000 }, { 12, 396, 6000 },
	{ 13, 396, 11880 }, { 20, 396, 11880 }, { 21, 792, 19800 },
	{ 22, 1620, 20250 }, { 30, 1620, 40500 }, { 31, 3600, 108000 },
	{ 32, 5120, 216000 }, { 40, 8192, 245760 },
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* Whether the viewer's decoder has promised as much. */
static bool
level_allows(const struct rendition_taker *taker,
    const struct video_encoder_config *cfg)
{
	const unsigned frame = (unsigned)((cfg->width + 15) / 16) *
	    (unsigned)((cfg->height + 15) / 16);
	const struct level *level = &levels[0];

	if (cfg->codec != VIDEO_H264)
		return true;
	for (size_t i = 0; i < LEVELS && levels[i].idc <= taker->level_idc;
	    i++)
		level = &levels[i];
	return frame <= level->frame &&
	    frame * (unsigned)cfg->fps <= level->second;
}

static bool
takes(const struct rendition_taker *taker, bool busy,
    const struct video_encoder_config *cfg)
{
	if (cfg->codec == VIDEO_VP9 || cfg->codec == VIDEO_AV1)
		return !busy && (taker->also & 1U << cfg->codec);
	return cfg->codec == taker->codec &&
	    (cfg->codec != VIDEO_H264 ||
	    (cfg->nal_max > 0) == taker->single_nal);
}

/* The first of the menu, which is the best, that serves the rung. */
static void
way_step(struct rendition_way *way, const struct rendition_menu *menu,
    const struct rendition_taker *taker, bool busy, unsigned rung)
{
	for (unsigned i = 0; i < menu->count; i++) {
		const bool base = menu->rungs[i] + 1U == rung &&
		    rungs[rung].half && menu->made[i].base_bps > 0;

		if ((menu->rungs[i] != rung && !base) ||
		    !takes(taker, busy, &menu->made[i]))
			continue;
		way->of[rung].rendition = (uint8_t)i;
		way->of[rung].base = base;
		return;
	}
}

void
rendition_menu_way(struct rendition_way *way,
    const struct rendition_menu *menu, const struct rendition_taker *taker,
    bool busy)
{
	*way = (struct rendition_way){ .largest = 0 };
	way->rungs.count = RENDITION_RUNGS;
	way->rungs.moving = STILLS;
	for (unsigned rung = 0; rung < RENDITION_RUNGS; rung++) {
		way->rungs.bps[rung] = menu->rung_bps[rung];
		way_step(way, menu, taker, busy, rung);
	}
	for (; way->largest + 1 < STILLS; way->largest++) {
		const struct video_encoder_config *cfg =
		    &menu->made[way->of[way->largest].rendition];

		if (cfg->height <= taker->max_height &&
		    level_allows(taker, cfg))
			break;
	}
}
