/*
 * The pool of writable pictures.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/video_frame.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define POOL_SIDE_MAX 8192
/* Rows start on cache lines; SIMD may write this far past the last row. */
#define POOL_ALIGN    64

struct video_pool {
	int             width, height;
	unsigned        max;
	pthread_mutex_t lock;		/* of all below */
	unsigned        out;
	unsigned        idle_count;
	bool            closed;		/* goes with the last frame */
	struct video_frame **idle;	/* `max` places */
};

static int
pool_stride(int width)
{
	return (width + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
}

static void
pool_destroy(struct video_pool *pool)
{
	for (unsigned i = 0; i < pool->idle_count; i++) {
		free(pool->idle[i]->planes[0]);
		free(pool->idle[i]);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool->idle);
	free(pool);
}

static void
pool_recycle(struct video_frame *frame)
{
	struct video_pool *pool = frame->owner;
	bool               last;

	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->idle_count++] = frame;
	pool->out--;
	last = pool->closed && pool->out == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		pool_destroy(pool);
}

static struct video_frame *
pool_frame_new(struct video_pool *pool)
{
	const int    chroma_height = (pool->height + 1) / 2;
	const size_t luma = (size_t)pool_stride(pool->width) *
	    (size_t)pool->height;
	const int    chroma_stride = pool_stride((pool->width + 1) / 2);
	const size_t chroma = (size_t)chroma_stride * (size_t)chroma_height;
	struct video_frame *frame = xcalloc(1, sizeof(*frame));

	frame->planes[0] = aligned_alloc(POOL_ALIGN,
	    luma + 2 * chroma + POOL_ALIGN);
	if (frame->planes[0] == NULL) {
		free(frame);
		return NULL;
	}
	frame->planes[1] = frame->planes[0] + luma;
	frame->planes[2] = frame->planes[1] + chroma;
	frame->strides[0] = pool_stride(pool->width);
	frame->strides[1] = chroma_stride;
	frame->strides[2] = chroma_stride;
	frame->width = pool->width;
	frame->height = pool->height;
	frame->recycle = pool_recycle;
	frame->owner = pool;
	return frame;
}

int
video_pool_new(struct video_pool **out, int width, int height, unsigned max)
{
	struct video_pool *pool;

	if (width < 2 || height < 2 || width > POOL_SIDE_MAX ||
	    height > POOL_SIDE_MAX || max == 0)
		return -EINVAL;
	pool = xcalloc(1, sizeof(*pool));
	pool->idle = xcalloc(max, sizeof(struct video_frame *));
	pool->width = width;
	pool->height = height;
	pool->max = max;
	pthread_mutex_init(&pool->lock, NULL);
	*out = pool;
	return 0;
}

void
video_pool_free(struct video_pool *pool)
{
	bool unused;

	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	unused = pool->out == 0;
	pthread_mutex_unlock(&pool->lock);
	if (unused)
		pool_destroy(pool);
}

struct video_frame *
video_pool_get(struct video_pool *pool)
{
	struct video_frame *frame = NULL;
	bool                allowed;

	pthread_mutex_lock(&pool->lock);
	allowed = pool->out < pool->max;
	if (allowed) {
		pool->out++;
		if (pool->idle_count)
			frame = pool->idle[--pool->idle_count];
	}
	pthread_mutex_unlock(&pool->lock);
	if (!allowed)
		return NULL;
	if (frame == NULL)
		frame = pool_frame_new(pool);
	if (frame == NULL) {
		pthread_mutex_lock(&pool->lock);
		pool->out--;
		pthread_mutex_unlock(&pool->lock);
		return NULL;
	}
	atomic_store_explicit(&frame->refs, 1, memory_order_relaxed);
	frame->time_us = 0;
	frame->rtp_time = 0;
	frame->generation = 0;
	return frame;
}

void
video_frame_copy(struct video_frame *to, const struct video_frame *from)
{
	for (int p = 0; p < 3; p++) {
		const int      width = p ? (from->width + 1) / 2 : from->width;
		const int      height =
		    p ? (from->height + 1) / 2 : from->height;
		uint8_t       *into = to->planes[p];
		const uint8_t *row = from->planes[p];

		for (int y = 0; y < height; y++) {
			memcpy(into, row, (size_t)width);
			into += to->strides[p];
			row += from->strides[p];
		}
	}
}
