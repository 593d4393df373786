/*
 * The mosaic.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/compositor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"
#include "video/label.h"
#include "video/paint.h"
#include "video/scale.h"

#define STAGE_RGB   0x0e1116	/* behind and between the tiles */
#define EDGE        2		/* of each tile: 4 pixels between two */
#define STALE_US    2000000	/* a picture older than that is no news */

struct place {
	struct compositor_person person;
	struct layout_rect       tile;
	struct layout_rect       drawn;	/* of the picture; w 0: a label */
	struct video_frame      *last;	/* NULL: a label is to be seen */
	int64_t                  last_us;
	struct scaler           *scaler;
	bool                     stale;	/* must be drawn again */
};

struct compositor {
	struct video_pool  *pool;	/* of the canvas alone */
	struct video_frame *canvas;
	struct label       *label;
	unsigned            count;
	uint32_t            version;
	bool                cleared;	/* the whole canvas is to be drawn */
	struct place        places[LAYOUT_TILES_MAX];
};

static void
place_clear(struct place *p)
{
	video_frame_unref(&p->last);
	scaler_free(p->scaler);
	p->scaler = NULL;
}

int
compositor_new(struct compositor **out, int width, int height)
{
	struct compositor *c = xcalloc(1, sizeof(*c));
	int                err;

	err = video_pool_new(&c->pool, width, height, 1);
	if (err)
		goto fail;
	c->canvas = video_pool_get(c->pool);
	if (c->canvas == NULL) {
		err = -ENOMEM;
		goto fail;
	}
	err = label_new(&c->label);
	if (err)
		goto fail;
	c->cleared = true;
	*out = c;
	return 0;

fail:
	compositor_free(c);
	return err;
}

void
compositor_free(struct compositor *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->count; i++)
		place_clear(&c->places[i]);
	label_free(c->label);
	video_frame_unref(&c->canvas);
	video_pool_free(c->pool);
	free(c);
}

/* Whether the tile without a picture looks different now. */
static bool
looks_differ(const struct compositor_person *a,
    const struct compositor_person *b)
{
	return a->camera != b->camera || a->colour != b->colour ||
	    strncmp(a->initials, b->initials, sizeof(a->initials)) != 0;
}

/* Takes what the old places know of this person. */
static void
place_inherit(struct place *to, struct place *old, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct place *from = &old[i];

		if (from->scaler == NULL || from->person.id != to->person.id)
			continue;
		to->drawn = from->drawn;
		to->last = from->last;
		to->last_us = from->last_us;
		to->scaler = from->scaler;
		to->stale = from->stale ||
		    looks_differ(&from->person, &to->person) ||
		    memcmp(&from->tile, &to->tile, sizeof(to->tile)) != 0;
		from->last = NULL;
		from->scaler = NULL;
		return;
	}
}

static bool
same_tiles(const struct place *a, unsigned a_count, const struct place *b,
    unsigned b_count)
{
	if (a_count != b_count)
		return false;
	for (unsigned i = 0; i < a_count; i++) {
		if (a[i].person.id != b[i].person.id ||
		    memcmp(&a[i].tile, &b[i].tile, sizeof(a[i].tile)) != 0)
			return false;
	}
	return true;
}

void
compositor_set_people(struct compositor *c,
    const struct compositor_person *people, unsigned count)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];
	struct place       old[LAYOUT_TILES_MAX];
	const unsigned     old_count = c->count;

	if (count > LAYOUT_TILES_MAX)
		count = LAYOUT_TILES_MAX;
	layout_grid(tiles, count, c->canvas->width, c->canvas->height);
	memcpy(old, c->places, sizeof(old));
	memset(c->places, 0, sizeof(c->places));
	for (unsigned i = 0; i < count; i++) {
		struct place *p = &c->places[i];

		p->person = people[i];
		p->tile = tiles[i];
		p->stale = true;
		place_inherit(p, old, old_count);
		if (p->scaler == NULL)
			(void)scaler_new(&p->scaler);
	}
	if (!same_tiles(c->places, count, old, old_count)) {
		c->version++;
		c->cleared = true;
	}
	for (unsigned i = 0; i < old_count; i++)
		place_clear(&old[i]);
	c->count = count;
}

/* Takes what is new and forgets what is old; sets `stale` when it differs. */
static void
place_update(struct place *p, int64_t now_us)
{
	struct video_frame *fresh = mailbox_take(p->person.pictures);

	if (fresh && (!p->person.camera ||
	    fresh->generation != p->person.generation))
		video_frame_unref(&fresh);
	if (fresh) {
		video_frame_unref(&p->last);
		p->last = fresh;
		p->last_us = now_us;
		p->stale = true;
	} else if (p->last && (!p->person.camera ||
	    now_us - p->last_us >= STALE_US)) {
		video_frame_unref(&p->last);
		p->stale = true;
	}
}

static void
draw_edges(struct video_frame *canvas, const struct layout_rect *tile)
{
	const struct paint_colour stage = paint_colour_of(STAGE_RGB);
	struct layout_rect        edge = *tile;

	edge.h = EDGE;
	paint_rect(canvas, &edge, stage);
	edge.y += tile->h - EDGE;
	paint_rect(canvas, &edge, stage);
	edge = *tile;
	edge.w = EDGE;
	paint_rect(canvas, &edge, stage);
	edge.x += tile->w - EDGE;
	paint_rect(canvas, &edge, stage);
}

static void
place_draw(struct compositor *c, struct place *p)
{
	const struct layout_rect none = { 0, 0, 0, 0 };
	struct layout_rect       fit;

	p->stale = false;
	if (p->last == NULL) {
		label_draw(c->label, c->canvas, &p->tile, p->person.initials,
		    p->person.colour);
		p->drawn = none;
	} else {
		fit = layout_fit(&p->tile, p->last->width, p->last->height);
		if (memcmp(&fit, &p->drawn, sizeof(fit)) != 0)
			paint_rect(c->canvas, &p->tile,
			    paint_colour_of(STAGE_RGB));
		if (scaler_draw(p->scaler, p->last, c->canvas, &fit) == 0)
			p->drawn = fit;
		else
			p->drawn = none;
	}
	if (c->count > 1)
		draw_edges(c->canvas, &p->tile);
}

bool
compositor_tick(struct compositor *c, int64_t now_us)
{
	bool changed = c->cleared;

	if (c->cleared) {
		const struct layout_rect all = { 0, 0, c->canvas->width,
			c->canvas->height };

		paint_rect(c->canvas, &all, paint_colour_of(STAGE_RGB));
	}
	for (unsigned i = 0; i < c->count; i++) {
		struct place *p = &c->places[i];

		place_update(p, now_us);
		if (!p->stale && !c->cleared)
			continue;
		place_draw(c, p);
		changed = true;
	}
	c->cleared = false;
	c->canvas->time_us = now_us;
	return changed;
}

const struct video_frame *
compositor_canvas(const struct compositor *c)
{
	return c->canvas;
}

struct video_frame *
compositor_snapshot(const struct compositor *c, struct video_pool *pool)
{
	struct video_frame *copy = video_pool_get(pool);

	if (copy == NULL)
		return NULL;
	if (copy->width != c->canvas->width ||
	    copy->height != c->canvas->height) {
		video_frame_unref(&copy);
		return NULL;
	}
	video_frame_copy(copy, c->canvas);
	copy->time_us = c->canvas->time_us;
	copy->rtp_time = c->canvas->rtp_time;
	return copy;
}

unsigned
compositor_tiles(const struct compositor *c,
    struct compositor_tile out[LAYOUT_TILES_MAX], uint32_t *version)
{
	for (unsigned i = 0; i < c->count; i++) {
		out[i].id = c->places[i].person.id;
		out[i].rect = c->places[i].tile;
	}
	*version = c->version;
	return c->count;
}
