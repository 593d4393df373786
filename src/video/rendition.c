/*
 * Joining key frame requests, and coded frames.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/rendition.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

struct rendition {
	struct video_encoder  *encoder;
	atomic_bool            want_key;	/* any thread */
	bool                   started;
	int64_t                key_us;		/* of the last key frame */
	struct rendition_stats stats;
};

int
rendition_new(struct rendition **out, const struct video_encoder_config *cfg)
{
	struct rendition *r = xcalloc(1, sizeof(*r));
	int               err;

	err = video_encoder_new(&r->encoder, cfg);
	if (err) {
		free(r);
		return err;
	}
	atomic_init(&r->want_key, true);
	*out = r;
	return 0;
}

void
rendition_free(struct rendition *r)
{
	if (r == NULL)
		return;
	video_encoder_free(r->encoder);
	free(r);
}

void
rendition_want_key(struct rendition *r)
{
	atomic_store_explicit(&r->want_key, true, memory_order_relaxed);
}

int
rendition_set_layers(struct rendition *r, bool on)
{
	return video_encoder_set_layers(r->encoder, on);
}

/*
 * Whether this frame is to be a key frame. The request is taken before the
 * frame is encoded, so that one who asks meanwhile gets the next.
 */
static bool
take_key_request(struct rendition *r, int64_t now_us)
{
	if (r->started && now_us - r->key_us < RENDITION_KEY_INTERVAL_US)
		return false;
	return atomic_exchange_explicit(&r->want_key, false,
	    memory_order_relaxed);
}

int
rendition_encode(struct rendition *r, const struct video_frame *frame,
    int64_t now_us, struct coded_frame **out)
{
	const bool           key = take_key_request(r, now_us);
	struct video_encoded coded;
	struct coded_frame  *f;
	int                  err;

	*out = NULL;
	err = video_encoder_encode(r->encoder, frame, now_us, key, &coded);
	if (key && (err || !coded.key))
		rendition_want_key(r);	/* is still owed */
	if (err)
		return err;
	if (coded.len == 0) {
		r->stats.dropped++;
		return 0;
	}
	f = malloc(sizeof(*f) + coded.len);
	if (f == NULL) {
		/* What refers to the lost frame cannot be shown. */
		rendition_want_key(r);
		return -ENOMEM;
	}
	f->rtp_time = frame->rtp_time;
	f->time_us = frame->time_us;
	f->key = coded.key;
	f->droppable = coded.droppable;
	f->len = coded.len;
	memcpy(f->data, coded.data, coded.len);
	r->stats.frames++;
	r->stats.bytes += coded.len;
	if (coded.key) {
		r->stats.keyframes++;
		r->started = true;
		r->key_us = now_us;
	}
	*out = f;
	return 0;
}

const struct rendition_stats *
rendition_stats(const struct rendition *r)
{
	return &r->stats;
}
