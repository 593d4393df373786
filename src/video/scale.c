/*
 * Which library scales what.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/scale.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <libyuv.h>

#include "util/xalloc.h"

#define SAFE_WIDTH  16		/* of which swscale writes no byte more */
#define SCRATCH_AIR 32

struct scaler {
	struct SwsContext  *area;	/* for just these sizes */
	int                 from_w, from_h, to_w, to_h;
	struct video_pool  *scratch_pool;	/* of one */
	struct video_frame *scratch;
	int                 scratch_w, scratch_h;
};

/* Planes of a picture or a part of one. */
struct planes {
	uint8_t *p[3];
	int      stride[3];
	int      w, h;
};

static struct planes
planes_of(const struct video_frame *f, const struct layout_rect *rect)
{
	struct planes part = { .w = rect->w, .h = rect->h };

	for (int i = 0; i < 3; i++) {
		const int x = i ? rect->x / 2 : rect->x;
		const int y = i ? rect->y / 2 : rect->y;

		part.stride[i] = f->strides[i];
		part.p[i] = f->planes[i] +
		    (ptrdiff_t)y * f->strides[i] + x;
	}
	return part;
}

int
scaler_prepare(void)
{
	struct SwsContext *sws = sws_getContext(426, 240, AV_PIX_FMT_YUV420P,
	    320, 180, AV_PIX_FMT_YUV420P, SWS_AREA, NULL, NULL, NULL);
	uint8_t            large[64] = { 0 }, small[16];

	if (sws == NULL)
		return -ENOMEM;
	sws_freeContext(sws);
	/* libyuv looks at the processor, on some by a file, only once. */
	ScalePlane(large, 8, 8, 8, small, 4, 4, 4, kFilterBox);
	return 0;
}

int
scaler_new(struct scaler **out)
{
	*out = xcalloc(1, sizeof(**out));
	return 0;
}

void
scaler_free(struct scaler *s)
{
	if (s == NULL)
		return;
	sws_freeContext(s->area);
	video_frame_unref(&s->scratch);
	video_pool_free(s->scratch_pool);
	free(s);
}

/* Ratios at which libyuv's box filter is as good as swscale's AREA. */
static bool
box_is_exact(const struct planes *from, const struct planes *to)
{
	if (from->w == 2 * to->w && from->h == 2 * to->h)
		return true;
	if (from->w == 4 * to->w && from->h == 4 * to->h)
		return true;
	return 3 * from->w == 4 * to->w && 3 * from->h == 4 * to->h;
}

static void
copy(const struct planes *from, const struct planes *to)
{
	I420Copy(from->p[0], from->stride[0], from->p[1], from->stride[1],
	    from->p[2], from->stride[2], to->p[0], to->stride[0], to->p[1],
	    to->stride[1], to->p[2], to->stride[2], to->w, to->h);
}

static int
scale_by_yuv(const struct planes *from, const struct planes *to,
    enum FilterMode filter)
{
	const int err = I420Scale(from->p[0], from->stride[0], from->p[1],
	    from->stride[1], from->p[2], from->stride[2], from->w, from->h,
	    to->p[0], to->stride[0], to->p[1], to->stride[1], to->p[2],
	    to->stride[2], to->w, to->h, filter);

	return err ? -ENOMEM : 0;
}

static int
scratch_for(struct scaler *s, int w, int h)
{
	if (s->scratch && s->scratch_w >= w && s->scratch_h >= h)
		return 0;
	video_frame_unref(&s->scratch);
	video_pool_free(s->scratch_pool);
	s->scratch_pool = NULL;
	if (video_pool_new(&s->scratch_pool, w + SCRATCH_AIR, h + 2, 1) != 0)
		return -ENOMEM;
	s->scratch = video_pool_get(s->scratch_pool);
	if (s->scratch == NULL)
		return -ENOMEM;
	s->scratch_w = w;
	s->scratch_h = h;
	return 0;
}

static int
scale_by_area(struct scaler *s, const struct planes *from,
    const struct planes *to)
{
	const uint8_t *const planes[3] = { from->p[0], from->p[1],
		from->p[2] };
	struct planes        into = *to;

	if (s->area == NULL || s->from_w != from->w || s->from_h != from->h ||
	    s->to_w != to->w || s->to_h != to->h) {
		sws_freeContext(s->area);
		s->area = sws_getContext(from->w, from->h, AV_PIX_FMT_YUV420P,
		    to->w, to->h, AV_PIX_FMT_YUV420P, SWS_AREA, NULL, NULL,
		    NULL);
		if (s->area == NULL)
			return -ENOMEM;
		s->from_w = from->w;
		s->from_h = from->h;
		s->to_w = to->w;
		s->to_h = to->h;
	}
	if (to->w % SAFE_WIDTH) {
		const struct layout_rect all = { 0, 0, to->w, to->h };

		if (scratch_for(s, to->w, to->h) != 0)
			return -ENOMEM;
		into = planes_of(s->scratch, &all);
	}
	sws_scale(s->area, planes, from->stride, 0, from->h, into.p,
	    into.stride);
	if (into.p[0] != to->p[0])
		copy(&into, to);
	return 0;
}

int
scaler_draw(struct scaler *s, const struct video_frame *picture,
    struct video_frame *canvas, const struct layout_rect *rect)
{
	const struct layout_rect whole = { 0, 0, picture->width,
		picture->height };
	struct planes            from, to;

	if (rect->x < 0 || rect->y < 0 || rect->w < 1 || rect->h < 1 ||
	    rect->x % 2 || rect->y % 2 || rect->w > canvas->width - rect->x ||
	    rect->h > canvas->height - rect->y)
		return -EINVAL;
	from = planes_of(picture, &whole);
	to = planes_of(canvas, rect);
	if (from.w == to.w && from.h == to.h) {
		copy(&from, &to);
		return 0;
	}
	if (to.w >= from.w && to.h >= from.h)
		return scale_by_yuv(&from, &to, kFilterBilinear);
	if (box_is_exact(&from, &to))
		return scale_by_yuv(&from, &to, kFilterBox);
	return scale_by_area(s, &from, &to);
}
