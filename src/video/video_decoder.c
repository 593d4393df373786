/*
 * VP8 by FFmpeg's native decoder, without a copy of the picture.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   data ─► bitstream_vp8 ─► libavcodec ─► AVFrame in a shell ─► video_frame
 *
 * A shell is a video_frame whose planes are the decoder's own buffers; at the
 * last unref these go back to libavcodec's pool, and the shell to ours.
 */
#include "video/video_decoder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/pixfmt.h>

#include "util/xalloc.h"
#include "video/bitstream.h"

/* Pictures of one decoder that may be out: mailbox, canvas, and some air. */
#define SHELLS_MAX      8
/* No real picture of this size is larger; the assembler bounds it as well. */
#define CODED_MAX       (2 << 20)
/*
 * Each change of size makes new buffers: a sender may climb a few steps at
 * once, and then one a second or so (at 25 a second).
 */
#define RESIZES_SAVED   6
#define RESIZE_FRAMES   25

struct shells {
	pthread_mutex_t lock;		/* of all below */
	unsigned        out;
	unsigned        idle_count;
	bool            closed;
	struct shell   *idle[SHELLS_MAX];
};

struct shell {
	struct video_frame frame;
	struct shells     *home;
	AVFrame           *av;
};

struct video_decoder {
	AVCodecContext *codec;
	AVPacket       *packet;
	AVFrame        *av;
	struct shells  *shells;
	bool            ready;		/* decoded a key frame, unbroken since */
	int             width, height;	/* of the last key frame */
	unsigned        resizes;	/* changes of size left */
	unsigned        frames;		/* since one was added */
};

static void
shells_destroy(struct shells *s)
{
	for (unsigned i = 0; i < s->idle_count; i++) {
		av_frame_free(&s->idle[i]->av);
		free(s->idle[i]);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
shell_recycle(struct video_frame *frame)
{
	struct shell  *shell = frame->owner;
	struct shells *s = shell->home;
	bool           last;

	av_frame_unref(shell->av);
	pthread_mutex_lock(&s->lock);
	s->idle[s->idle_count++] = shell;
	s->out--;
	last = s->closed && s->out == 0;
	pthread_mutex_unlock(&s->lock);
	if (last)
		shells_destroy(s);
}

static struct shell *
shells_get(struct shells *s)
{
	struct shell *shell = NULL;
	bool          allowed;

	pthread_mutex_lock(&s->lock);
	allowed = s->out < SHELLS_MAX;
	if (allowed) {
		s->out++;
		if (s->idle_count)
			shell = s->idle[--s->idle_count];
	}
	pthread_mutex_unlock(&s->lock);
	if (!allowed || shell)
		return shell;

	shell = xcalloc(1, sizeof(*shell));
	shell->home = s;
	shell->av = av_frame_alloc();
	shell->frame.owner = shell;
	shell->frame.recycle = shell_recycle;
	if (shell->av == NULL) {
		pthread_mutex_lock(&s->lock);
		s->out--;
		pthread_mutex_unlock(&s->lock);
		free(shell);
		return NULL;
	}
	return shell;
}

static void
shells_free(struct shells *s)
{
	bool unused;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	unused = s->out == 0;
	pthread_mutex_unlock(&s->lock);
	if (unused)
		shells_destroy(s);
}

int
video_decoder_prepare(void)
{
	struct video_decoder *d;
	int                   err;

	/* Broken pictures are a peer's daily business: counted, not printed. */
	av_log_set_level(AV_LOG_QUIET);
	err = video_decoder_new(&d);
	if (err)
		return err;
	video_decoder_free(d);
	return 0;
}

static int
open_codec(AVCodecContext **out)
{
	const AVCodec  *codec = avcodec_find_decoder_by_name("vp8");
	AVCodecContext *c;

	if (codec == NULL)
		return -ENOSYS;
	c = avcodec_alloc_context3(codec);
	if (c == NULL)
		return -ENOMEM;
	*out = c;
	c->thread_count = 1;
	c->max_pixels = (int64_t)VIDEO_WIDTH_MAX * VIDEO_HEIGHT_MAX;
	c->flags |= AV_CODEC_FLAG_LOW_DELAY;
	if (avcodec_open2(c, codec, NULL) < 0)
		return -EIO;
	return 0;
}

int
video_decoder_new(struct video_decoder **out)
{
	struct video_decoder *d = xcalloc(1, sizeof(*d));
	int                   err;

	d->shells = xcalloc(1, sizeof(*d->shells));
	pthread_mutex_init(&d->shells->lock, NULL);
	d->resizes = RESIZES_SAVED;
	err = open_codec(&d->codec);
	if (err)
		goto fail;
	d->packet = av_packet_alloc();
	d->av = av_frame_alloc();
	if (d->packet == NULL || d->av == NULL) {
		err = -ENOMEM;
		goto fail;
	}
	*out = d;
	return 0;

fail:
	video_decoder_free(d);
	return err;
}

void
video_decoder_free(struct video_decoder *d)
{
	if (d == NULL)
		return;
	avcodec_free_context(&d->codec);
	av_packet_free(&d->packet);
	av_frame_free(&d->av);
	shells_free(d->shells);
	free(d);
}

/* Whether a picture that says this of itself may reach the decoder. */
static int
admit(struct video_decoder *d, const struct bitstream_info *info)
{
	if (!info->key)
		return d->ready ? 0 : -EBADMSG;
	if (info->width < VIDEO_SIZE_MIN || info->height < VIDEO_SIZE_MIN)
		return -EMSGSIZE;
	/* Upright pictures of the same area are welcome too. */
	if (info->width > VIDEO_WIDTH_MAX || info->height > VIDEO_WIDTH_MAX ||
	    info->width * info->height > VIDEO_WIDTH_MAX * VIDEO_HEIGHT_MAX)
		return -EMSGSIZE;
	if (info->width == d->width && info->height == d->height)
		return 0;
	if (d->width && d->resizes == 0)
		return -EBADMSG;
	if (d->width)
		d->resizes--;
	d->width = info->width;
	d->height = info->height;
	return 0;
}

/* Wraps what was decoded into d->av. */
static int
wrap(struct video_decoder *d, struct video_frame **out)
{
	struct shell *shell;
	AVFrame      *av;

	if (d->av->format != AV_PIX_FMT_YUV420P || d->av->width != d->width ||
	    d->av->height != d->height) {
		av_frame_unref(d->av);
		return -EBADMSG;
	}
	shell = shells_get(d->shells);
	if (shell == NULL) {
		av_frame_unref(d->av);
		return -EAGAIN;
	}
	av = shell->av;
	av_frame_move_ref(av, d->av);
	for (int p = 0; p < 3; p++) {
		shell->frame.planes[p] = av->data[p];
		shell->frame.strides[p] = av->linesize[p];
	}
	shell->frame.width = av->width;
	shell->frame.height = av->height;
	shell->frame.time_us = 0;
	shell->frame.rtp_time = 0;
	atomic_store_explicit(&shell->frame.refs, 1, memory_order_relaxed);
	*out = &shell->frame;
	return 0;
}

/* Returns 0 with the picture in d->av, -EAGAIN or -EBADMSG. */
static int
run(struct video_decoder *d, const uint8_t *data, size_t len)
{
	int err;

	/* libavcodec copies what is not counted by reference, and pads it. */
	d->packet->data = (uint8_t *)(uintptr_t)data;
	d->packet->size = (int)len;
	err = avcodec_send_packet(d->codec, d->packet);
	d->packet->data = NULL;
	d->packet->size = 0;
	if (err < 0)
		return -EBADMSG;
	err = avcodec_receive_frame(d->codec, d->av);
	if (err == AVERROR(EAGAIN))
		return -EAGAIN;
	return err < 0 ? -EBADMSG : 0;
}

int
video_decoder_decode(struct video_decoder *d, const uint8_t *data, size_t len,
    bool key, struct video_frame **out)
{
	struct bitstream_info info;
	int                   err;

	/* Refused ones count too, or a stream could never come back. */
	if (++d->frames >= RESIZE_FRAMES) {
		d->frames = 0;
		if (d->resizes < RESIZES_SAVED)
			d->resizes++;
	}
	err = len > CODED_MAX ? -EBADMSG : bitstream_vp8(&info, data, len);
	if (err == 0)
		err = info.key == key ? admit(d, &info) : -EBADMSG;
	if (err) {
		/* What follows would be drawn upon what is missing. */
		d->ready = false;
		return err;
	}
	err = run(d, data, len);
	if (err == -EBADMSG) {
		d->ready = false;
		return err;
	}
	if (info.key)
		d->ready = true;
	return err ? err : wrap(d, out);
}
