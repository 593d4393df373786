/*
 * Drawing initials and silhouettes with smooth edges.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shapes are drawn into a mask of coverage (0..255) as large as the tile, by
 * the distance of each pixel's centre to the shape, and blended once.
 */
#include "video/label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"
#include "video/glyph.h"
#include "video/paint.h"

#define TEXT_RGB       0xe8ebf0
#define DISC_RGB       0xffffff
#define DISC_ALPHA     26	/* of 255: a hint of light on the colour */
#define DISC_PART      0.31f	/* radius, of the tile's height */
#define CAPITAL_PART   0.24f	/* height of a letter, of the tile's */
#define TEXT_PART      0.42f	/* widest text, of the tile's height */
#define STROKE_UNITS   0.95f	/* half the width of a stroke */
#define SPACING_UNITS  3.6f
#define BEND_STEPS     12
#define LETTERS_MAX    2
#define QUARTER_TURN   1.57079633f

struct label {
	uint8_t *mask;
	size_t   size;
};

/* The mask being drawn. */
struct sheet {
	uint8_t *mask;
	int      w, h;
};

struct point {
	float x, y;
};

int
label_new(struct label **out)
{
	*out = xcalloc(1, sizeof(**out));
	return 0;
}

void
label_free(struct label *l)
{
	if (l == NULL)
		return;
	free(l->mask);
	free(l);
}

static int
clamp_int(int v, int least, int most)
{
	return v < least ? least : v > most ? most : v;
}

/* Coverage of a pixel whose centre is `inside` pixels within the edge. */
static uint8_t
coverage(float inside)
{
	const float part = inside + 0.5f;

	if (part <= 0)
		return 0;
	return part >= 1 ? 255 : (uint8_t)(part * 255 + 0.5f);
}

static void
sheet_set(struct sheet *s, int x, int y, uint8_t value)
{
	uint8_t *at = &s->mask[(size_t)y * (size_t)s->w + (size_t)x];

	if (value > *at)
		*at = value;
}

/* A line with round ends. */
static void
sheet_line(struct sheet *s, struct point a, struct point b, float half_width)
{
	const float reach = half_width + 1;
	const int   left = clamp_int((int)(fminf(a.x, b.x) - reach), 0, s->w);
	const int   top = clamp_int((int)(fminf(a.y, b.y) - reach), 0, s->h);
	const int   right = clamp_int((int)(fmaxf(a.x, b.x) + reach) + 1, 0,
	      s->w);
	const int   bottom = clamp_int((int)(fmaxf(a.y, b.y) + reach) + 1, 0,
	      s->h);
	const float dx = b.x - a.x, dy = b.y - a.y;
	const float squared = dx * dx + dy * dy;

	for (int y = top; y < bottom; y++) {
		for (int x = left; x < right; x++) {
			const float px = (float)x + 0.5f - a.x;
			const float py = (float)y + 0.5f - a.y;
			float       t = 0, ex, ey;

			if (squared > 0)
				t = (px * dx + py * dy) / squared;
			t = t < 0 ? 0 : t > 1 ? 1 : t;
			ex = px - t * dx;
			ey = py - t * dy;
			sheet_set(s, x, y, coverage(half_width -
			    sqrtf(ex * ex + ey * ey)));
		}
	}
}

/* A filled ellipse, as far as it is above `floor`. */
static void
sheet_ellipse(struct sheet *s, struct point c, float rx, float ry,
    float floor_y)
{
	const int top = clamp_int((int)(c.y - ry - 1), 0, s->h);
	const int bottom = clamp_int((int)fminf(c.y + ry + 2, floor_y), 0,
	    s->h);
	const int left = clamp_int((int)(c.x - rx - 1), 0, s->w);
	const int right = clamp_int((int)(c.x + rx + 2), 0, s->w);

	for (int y = top; y < bottom; y++) {
		for (int x = left; x < right; x++) {
			const float nx = ((float)x + 0.5f - c.x) / rx;
			const float ny = ((float)y + 0.5f - c.y) / ry;
			const float d = sqrtf(nx * nx + ny * ny);

			sheet_set(s, x, y, coverage((1 - d) * fminf(rx, ry)));
		}
	}
}

static void
sheet_stroke(struct sheet *s, const struct glyph_stroke *k,
    struct point origin, float unit)
{
	const float  half = STROKE_UNITS * unit;
	const float  mid_x = (float)(k->x0 + k->x1 - k->corner_x);
	const float  mid_y = (float)(k->y0 + k->y1 - k->corner_y);
	struct point from = { origin.x + (float)k->x0 * unit,
		origin.y + (float)k->y0 * unit };

	if (k->corner_x == k->x0 && k->corner_y == k->y0) {
		const struct point to = { origin.x + (float)k->x1 * unit,
			origin.y + (float)k->y1 * unit };

		sheet_line(s, from, to, half);
		return;
	}
	for (int i = 1; i <= BEND_STEPS; i++) {
		const float angle = QUARTER_TURN * (float)i / BEND_STEPS;
		const float c = cosf(angle), n = sinf(angle);
		const float x = mid_x + ((float)k->x0 - mid_x) * c +
		    ((float)k->x1 - mid_x) * n;
		const float y = mid_y + ((float)k->y0 - mid_y) * c +
		    ((float)k->y1 - mid_y) * n;
		const struct point to = { origin.x + x * unit,
			origin.y + y * unit };

		sheet_line(s, from, to, half);
		from = to;
	}
}

static void
draw_text(struct sheet *s, const struct glyph *const *letters, int count)
{
	float        unit = (float)s->h * CAPITAL_PART / GLYPH_HEIGHT;
	float        width = SPACING_UNITS * (float)(count - 1);
	struct point at;

	for (int i = 0; i < count; i++)
		width += (float)letters[i]->width;
	if (width * unit > (float)s->h * TEXT_PART)
		unit = (float)s->h * TEXT_PART / width;
	at.x = ((float)s->w - width * unit) / 2;
	at.y = ((float)s->h - GLYPH_HEIGHT * unit) / 2;
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < letters[i]->count; k++)
			sheet_stroke(s, &letters[i]->strokes[k], at, unit);
		at.x += ((float)letters[i]->width + SPACING_UNITS) * unit;
	}
}

/* Head and shoulders, the shoulders cut by the disc's lower part. */
static void
draw_person(struct sheet *s)
{
	const float        h = (float)s->h;
	const struct point head = { (float)s->w / 2, h * 0.43f };
	const struct point body = { (float)s->w / 2, h * 0.67f };

	sheet_ellipse(s, head, h * 0.09f, h * 0.09f, h);
	sheet_ellipse(s, body, h * 0.17f, h * 0.12f, h * 0.655f);
}

static void
scale_mask(struct sheet *s, unsigned alpha)
{
	for (size_t i = 0; i < (size_t)s->w * (size_t)s->h; i++)
		s->mask[i] = (uint8_t)(s->mask[i] * alpha / 255);
}

static int
label_reserve(struct label *l, size_t size)
{
	uint8_t *mask;

	if (l->size >= size)
		return 0;
	mask = realloc(l->mask, size);
	if (mask == NULL)
		return -1;
	l->mask = mask;
	l->size = size;
	return 0;
}

/* The middle of the tile: nothing is drawn outside of it. */
static struct layout_rect
middle_of(const struct layout_rect *rect)
{
	struct layout_rect m = *rect;

	if (rect->w > rect->h) {
		m.w = rect->h / 2 * 2;
		m.x += (rect->w - m.w) / 4 * 2;
	}
	return m;
}

void
label_draw(struct label *l, struct video_frame *canvas,
    const struct layout_rect *rect, const char *initials, uint32_t rgb)
{
	const struct layout_rect middle = middle_of(rect);
	const size_t        size = (size_t)middle.w * (size_t)middle.h;
	const struct glyph *letters[LETTERS_MAX];
	struct sheet        sheet;
	struct point        centre;
	int                 count = 0;

	paint_rect(canvas, rect, paint_colour_of(rgb));
	if (label_reserve(l, size) != 0)
		return;
	sheet = (struct sheet){ l->mask, middle.w, middle.h };
	centre = (struct point){ (float)middle.w / 2, (float)middle.h / 2 };
	for (; count < LETTERS_MAX && initials[count]; count++) {
		letters[count] = glyph_find(initials[count]);
		if (letters[count] == NULL)
			break;
	}

	memset(l->mask, 0, size);
	sheet_ellipse(&sheet, centre, (float)middle.h * DISC_PART,
	    (float)middle.h * DISC_PART, (float)middle.h);
	scale_mask(&sheet, DISC_ALPHA);
	paint_mask(canvas, &middle, l->mask, paint_colour_of(DISC_RGB));

	memset(l->mask, 0, size);
	if (count)
		draw_text(&sheet, letters, count);
	else
		draw_person(&sheet);
	paint_mask(canvas, &middle, l->mask, paint_colour_of(TEXT_RGB));
}
