/*
 * H.264 by libavcodec's x264: constrained baseline, superfast, zerolatency.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavutil/buffer.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>

#include "util/xalloc.h"
#include "video/encoder_kind.h"


/*
 * Without a lookahead nothing is held back. Key frames come when asked, and
 * then as IDR with their parameter sets, and never at a cut.
 */
#define X264_PARAMS "keyint=infinite:scenecut=0:bframes=0:rc-lookahead=0:" \
    "sync-lookahead=0:sliced-threads=0:repeat-headers=1:annexb=1"

struct av_encoder {
	AVCodecContext *codec;
	AVFrame        *frame;
	AVPacket       *packet;
	int             fps;
	bool            started;
	int64_t         start_us;
	int64_t         last_pts;
};

static void
encoder_av_close(void *encoder)
{
	struct av_encoder *e = encoder;

	avcodec_free_context(&e->codec);
	av_frame_free(&e->frame);
	av_packet_free(&e->packet);
	free(e);
}

static void
set_rate(AVCodecContext *c, uint32_t bps)
{
	c->bit_rate = bps;
	c->rc_max_rate = bps;
	c->rc_buffer_size = (int)((uint64_t)bps *
	    ENCODER_BUFFER_GOAL_MS / 1000);
}

static void
configure(AVCodecContext *c, const struct video_encoder_config *cfg)
{
	c->width = cfg->width;
	c->height = cfg->height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->colorspace = AVCOL_SPC_SMPTE170M;
	c->color_range = AVCOL_RANGE_MPEG;
	/* x264 counts on frames of one tick each when it has no other word. */
	c->time_base = (AVRational) { 1, cfg->fps };
	c->framerate = (AVRational) { cfg->fps, 1 };
	c->thread_count = 1;
	c->profile = FF_PROFILE_H264_CONSTRAINED_BASELINE;
	set_rate(c, cfg->bps);
	c->rc_initial_buffer_occupancy = c->rc_buffer_size / 4 * 3;
}

static int
set_options(AVCodecContext *c, const struct video_encoder_config *cfg)
{
	if (av_opt_set(c->priv_data, "preset", "superfast", 0) < 0 ||
	    av_opt_set(c->priv_data, "tune", "zerolatency", 0) < 0 ||
	    av_opt_set(c->priv_data, "profile", "baseline", 0) < 0 ||
	    av_opt_set(c->priv_data, "x264-params", X264_PARAMS, 0) < 0 ||
	    av_opt_set_int(c->priv_data, "forced-idr", 1, 0) < 0 ||
	    (cfg->nal_max > 0 && av_opt_set_int(c->priv_data,
	    "slice-max-size", cfg->nal_max, 0) < 0))
		return -EIO;
	return 0;
}

static int
encoder_av_open(void **out, const struct video_encoder_config *cfg)
{
	const AVCodec     *codec = avcodec_find_encoder_by_name("libx264");
	struct av_encoder *e;

	if (codec == NULL)
		return -ENOSYS;
	av_log_set_level(AV_LOG_QUIET);	/* as the decoders do */
	e = xcalloc(1, sizeof(*e));
	e->fps = cfg->fps;
	e->codec = avcodec_alloc_context3(codec);
	e->frame = av_frame_alloc();
	e->packet = av_packet_alloc();
	if (e->codec == NULL || e->frame == NULL || e->packet == NULL)
		goto fail;
	configure(e->codec, cfg);
	if (set_options(e->codec, cfg) != 0 ||
	    avcodec_open2(e->codec, codec, NULL) < 0)
		goto fail;
	*out = e;
	return 0;

fail:
	encoder_av_close(e);
	return -EIO;
}

/* libavcodec hands it on to x264 before the next frame. */
static int
encoder_av_set_rate(void *encoder, uint32_t bps)
{
	struct av_encoder *e = encoder;

	set_rate(e->codec, bps);
	return 0;
}

/* Ticks of 1/fps, which grow with each frame. */
static int64_t
next_pts(struct av_encoder *e, int64_t time_us)
{
	int64_t pts;

	if (!e->started)
		e->start_us = time_us;
	pts = ((time_us - e->start_us) * e->fps + 500000) / 1000000;
	if (e->started && pts <= e->last_pts)
		pts = e->last_pts + 1;
	e->started = true;
	e->last_pts = pts;
	return pts;
}

static void
keep_nothing(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

/* The picture as it is: counted planes are what libavcodec does not copy. */
static int
lend(AVFrame *av, const struct video_frame *frame)
{
	av->format = AV_PIX_FMT_YUV420P;
	av->width = frame->width;
	av->height = frame->height;
	for (int p = 0; p < 3; p++) {
		const int rows = p ? (frame->height + 1) / 2 : frame->height;

		av->data[p] = frame->planes[p];
		av->linesize[p] = frame->strides[p];
		av->buf[p] = av_buffer_create(frame->planes[p],
		    (size_t)rows * (size_t)frame->strides[p], keep_nothing,
		    NULL, AV_BUFFER_FLAG_READONLY);
		if (av->buf[p] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
encoder_av_encode(void *encoder, const struct video_frame *frame,
    int64_t time_us, bool key, struct video_encoded *out)
{
	struct av_encoder *e = encoder;
	int                err = lend(e->frame, frame);

	e->frame->pts = next_pts(e, time_us);
	e->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	if (err == 0)
		err = avcodec_send_frame(e->codec, e->frame);
	av_frame_unref(e->frame);
	if (err < 0)
		return -EIO;
	/* What was given out last is done with. */
	av_packet_unref(e->packet);
	err = avcodec_receive_packet(e->codec, e->packet);
	if (err < 0 && err != AVERROR(EAGAIN))
		return -EIO;
	*out = (struct video_encoded) {
		.data = e->packet->data,
		.len = err < 0 ? 0 : (size_t)e->packet->size,
		.key = err == 0 && (e->packet->flags & AV_PKT_FLAG_KEY),
	};
	return 0;
}

const struct encoder_kind encoder_av = {
	encoder_av_open, encoder_av_close, encoder_av_set_rate, NULL,
	encoder_av_encode,
};
