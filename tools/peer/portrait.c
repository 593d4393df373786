/*
 * Drawing what a peer shows: a talking head, or a flat colour with a marker.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shapes are soft-edged ellipses over a gradient, in a square coordinate
 * system: y from -1 (top) to 1, x by the aspect. At most 1920 pixels wide.
 */
#include <math.h>
#include <stddef.h>

#include "peer/portrait.h"

#define TURN (2 * 3.14159265358979)
#define WIDTH_MAX 1920

struct rgb {
	double r, g, b;
};

/* An ellipse; `soft` is the width of its edge, as a part of its radius. */
struct blob {
	double     x, y, rx, ry, soft;
	struct rgb colour;
};

struct scene {
	struct rgb  top, bottom;	/* of the wall */
	unsigned    count;
	struct blob blobs[24];
};

static struct rgb
rgb_of(uint32_t c)
{
	return (struct rgb){ (c >> 16 & 255) / 255.0, (c >> 8 & 255) / 255.0,
	    (c & 255) / 255.0 };
}

static struct rgb
mix(struct rgb a, struct rgb b, double t)
{
	return (struct rgb){ a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t,
	    a.b + (b.b - a.b) * t };
}

static struct rgb
shade(struct rgb c, double k)
{
	return (struct rgb){ c.r * k, c.g * k, c.b * k };
}

uint32_t
portrait_test_colour(unsigned who)
{
	static const uint32_t colours[] = {
		0xd03030, 0x30a030, 0x3050d0, 0xd0b020, 0xa030c0, 0x20b0b0,
		0xe07020, 0x808080, 0x70d060, 0xd060a0, 0x404090, 0x905020,
	};

	return colours[who % (sizeof(colours) / sizeof(colours[0]))];
}

static void
blob(struct scene *s, double x, double y, double rx, double ry, double soft,
    struct rgb colour)
{
	s->blobs[s->count++] = (struct blob){ x, y, rx, ry, soft, colour };
}

/* ---- a person in a room -------------------------------------------------- */

struct looks {
	uint32_t wall, lamp, shirt, skin, hair;
	double   hair_long;	/* 0: short .. 1: to the shoulders */
};

static const struct looks all_looks[] = {
	{ 0x34506b, 0xf2d7a1, 0xc8553d, 0xe8b893, 0x3a2418, 1.0 },
	{ 0x4d5b47, 0xffe9c4, 0x2d4654, 0x8d5a3b, 0x17110e, 0.2 },
	{ 0x5b4a63, 0xd9c7f2, 0xe0b23f, 0xf0c7a8, 0xa8562a, 0.8 },
	{ 0x6b5642, 0xffd9a0, 0x3f7d5c, 0xc98f67, 0x2a2622, 0.1 },
	{ 0x3e5f63, 0xcdeff0, 0x8a3f66, 0xf2d0b5, 0xc9a25a, 0.9 },
	{ 0x575a70, 0xe5e7ff, 0x6b6f3a, 0x6f4630, 0x0f0c0b, 0.3 },
	{ 0x6a4a4a, 0xffd2c2, 0x3a5f8f, 0xdba77f, 0x5e5a57, 0.15 },
	{ 0x42584f, 0xd8f5d0, 0xb86f2e, 0xecc4a0, 0x6b3f22, 0.6 },
};

static double
mouth_open(const struct portrait *p, double second)
{
	if (!p->talking)
		return 0.06;
	return 0.12 + 0.5 * fabs(sin(second * (13.1 + p->who)) *
	    sin(second * 5.3 + p->who));
}

static bool
eyes_shut(const struct portrait *p, double turn)
{
	const double blink = fmod(turn + 0.37 * p->who, 1);

	return blink > 0.52 && blink < 0.56;
}

static void
scene_room(struct scene *s, const struct looks *l, double sway)
{
	s->top = shade(rgb_of(l->wall), 1.15);
	s->bottom = shade(rgb_of(l->wall), 0.55);
	blob(s, -1.25 - sway * 0.05, -0.55, 0.75, 0.8, 1.6,
	    mix(rgb_of(l->lamp), rgb_of(l->wall), 0.45));
	blob(s, 1.35, 0.1, 0.26, 0.62, 0.12, shade(rgb_of(l->wall), 0.72));
	blob(s, 1.33, -0.52, 0.3, 0.26, 0.3,
	    mix(rgb_of(0x3f6b3f), rgb_of(l->wall), 0.25));
}

static void
scene_person(struct scene *s, const struct portrait *p, const struct looks *l,
    double turn, double second)
{
	const double     x = 0.05 * sin(TURN * turn + p->who);
	const double     y = 0.02 * sin(2 * TURN * turn + p->who);
	const double     open = mouth_open(p, second);
	const struct rgb skin = rgb_of(l->skin), hair = rgb_of(l->hair);
	const struct rgb shirt = rgb_of(l->shirt);
	const double     lid = eyes_shut(p, turn) ? 0.012 : 0.036;

	blob(s, x, 0.04 + 0.3 * l->hair_long + y,
	    0.4 + 0.06 * l->hair_long, 0.5 + 0.3 * l->hair_long, 0.06, hair);
	blob(s, x * 0.6, 1.22, 0.86, 0.62, 0.05, shirt);
	blob(s, x * 0.6 - 0.3, 1.3, 0.5, 0.6, 0.9, shade(shirt, 1.12));
	blob(s, x * 0.8, 0.58 + y, 0.16, 0.26, 0.15, shade(skin, 0.82));
	blob(s, x, 0.08 + y, 0.345, 0.46, 0.04, skin);
	blob(s, x - 0.1, 0.0 + y, 0.24, 0.36, 1.3, shade(skin, 1.07));
	blob(s, x - 0.08, -0.33 + y, 0.3, 0.17, 0.08, hair);
	blob(s, x + 0.16, -0.3 + y, 0.2, 0.16, 0.08, hair);
	blob(s, x - 0.13, 0.02 + y, 0.058, lid, 0.2, rgb_of(0xf6f4f0));
	blob(s, x + 0.13, 0.02 + y, 0.058, lid, 0.2, rgb_of(0xf6f4f0));
	if (lid > 0.02) {
		const double look = 0.015 * sin(TURN * turn * 2 + p->who);

		blob(s, x - 0.13 + look, 0.02 + y, 0.026, 0.029, 0.2,
		    rgb_of(0x2b2420));
		blob(s, x + 0.13 + look, 0.02 + y, 0.026, 0.029, 0.2,
		    rgb_of(0x2b2420));
	}
	blob(s, x - 0.13, -0.065 + y, 0.075, 0.014, 0.4, shade(hair, 0.9));
	blob(s, x + 0.13, -0.065 + y, 0.075, 0.014, 0.4, shade(hair, 0.9));
	blob(s, x + 0.012, 0.14 + y, 0.035, 0.06, 0.8, shade(skin, 0.88));
	blob(s, x, 0.31 + y, 0.1, 0.022 + 0.1 * open, 0.2,
	    rgb_of(0xa8504a));
	blob(s, x, 0.312 + y, 0.075, 0.005 + 0.085 * open, 0.3,
	    rgb_of(0x4a1c1c));
}

/* ---- pixels -------------------------------------------------------------- */

/* One row of the picture: the wall, then each shape over it. */
static void
scene_row(const struct scene *s, struct rgb *row, int width, double scale,
    double y)
{
	const struct rgb wall = mix(s->top, s->bottom, (y + 1) / 2);

	for (int px = 0; px < width; px++)
		row[px] = wall;
	for (unsigned i = 0; i < s->count; i++) {
		const struct blob *b = &s->blobs[i];
		const double       edge = 1 + b->soft / 2;
		const double       dy = (y - b->y) / b->ry;
		double             reach;
		int                from, to;

		if (fabs(dy) >= edge)
			continue;
		reach = sqrt(edge * edge - dy * dy) * b->rx;
		from = (int)((b->x - reach) / scale + width / 2.0);
		to = (int)((b->x + reach) / scale + width / 2.0) + 1;
		for (int px = from < 0 ? 0 : from; px < to && px < width;
		    px++) {
			const double x = (px - width / 2.0) * scale;
			const double dx = (x - b->x) / b->rx;
			const double cover = (edge - sqrt(dx * dx +
			    dy * dy)) / b->soft;

			if (cover > 0)
				row[px] = mix(row[px], b->colour,
				    cover > 1 ? 1 : cover);
		}
	}
}

static uint8_t
byte_of(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5);
}

/* BT.601, limited range, as browsers assume for small pictures. */
static uint8_t
luma(struct rgb c)
{
	return byte_of(16 + 65.481 * c.r + 128.553 * c.g + 24.966 * c.b);
}

static void
chroma(struct rgb c, uint8_t *u, uint8_t *v)
{
	*u = byte_of(128 - 37.797 * c.r - 74.203 * c.g + 112 * c.b);
	*v = byte_of(128 + 112 * c.r - 93.786 * c.g - 18.214 * c.b);
}

static void
scene_paint(const struct scene *s, struct video_frame *f)
{
	const double scale = 2.0 / f->height;
	struct rgb   row[WIDTH_MAX];

	for (int py = 0; py < f->height; py++) {
		scene_row(s, row, f->width, scale, py * scale - 1);
		for (int px = 0; px < f->width; px++) {
			f->planes[0][py * f->strides[0] + px] =
			    luma(row[px]);
			if ((px | py) & 1)
				continue;
			chroma(row[px], &f->planes[1][py / 2 *
			    f->strides[1] + px / 2], &f->planes[2][py / 2 *
			    f->strides[2] + px / 2]);
		}
	}
}

void
portrait_draw(const struct portrait *p, struct video_frame *frame,
    double turn, double second)
{
	const struct looks *l = &all_looks[p->who %
	    (sizeof(all_looks) / sizeof(all_looks[0]))];
	struct scene s = { .count = 0 };

	if (p->flat) {
		s.top = s.bottom = rgb_of(p->colour);
		blob(&s, 1.2 * sin(TURN * turn), 0.8, 0.1, 0.1, 0.2,
		    rgb_of(0xffffff));
	} else {
		scene_room(&s, l, sin(TURN * turn));
		scene_person(&s, p, l, turn, second);
	}
	scene_paint(&s, frame);
}
