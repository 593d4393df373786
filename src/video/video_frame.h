/*
 * A picture: planar YUV 4:2:0, 8 bit, reference counted.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only reference-counted type: immutable once shared, any thread may drop
 * it. Pictures come from a pool of their maker (a decoder's buffers, or
 * video_pool) and go back there with the last reference.
 */
#ifndef VIDEO_VIDEO_FRAME_H
#define VIDEO_VIDEO_FRAME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct video_frame {
	_Atomic unsigned refs;
	int      width, height;		/* of luma; chroma is (n + 1) / 2 */
	uint8_t *planes[3];
	int      strides[3];		/* bytes */
	int64_t  time_us;		/* arrival, or when it was composed */
	uint32_t rtp_time;
	uint32_t generation;		/* of its mailbox's user; its maker's */
	void   (*recycle)(struct video_frame *frame);	/* at the last unref */
	void    *owner;			/* of recycle */
};

static inline struct video_frame *
video_frame_ref(struct video_frame *frame)
{
	atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
	return frame;
}

/* Gives up *f and sets it to NULL. */
static inline void
video_frame_unref(struct video_frame **f)
{
	struct video_frame *frame = *f;

	*f = NULL;
	if (frame && atomic_fetch_sub_explicit(&frame->refs, 1,
	    memory_order_acq_rel) == 1)
		frame->recycle(frame);
}

/* A pool of writable frames of one size; at most `max` out at a time. */
struct video_pool;

int  video_pool_new(struct video_pool **out, int width, int height,
    unsigned max);
/* Frames still out stay valid; the pool goes with the last of them. */
void video_pool_free(struct video_pool *pool);
/* Content undefined; NULL when `max` are out. */
struct video_frame *video_pool_get(struct video_pool *pool);

/* Copies the picture, not its times; both must be of one size. */
void video_frame_copy(struct video_frame *to, const struct video_frame *from);

#endif
