/*
 * VP8, H.264, VP9 and AV1 by libavcodec, without a copy of the picture.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   data ─► bitstream_read ─► libavcodec ─► AVFrame in a shell ─► video_frame
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
#include "video/colour.h"

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
#define REORDER_MAX     2	/* pictures that H.264 may hold back */
#define OUTPUTS_MAX     8	/* pictures that come of one frame */

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

/* Never libvpx or libaom: they ignore max_pixels. */
static const char *const codec_names[VIDEO_CODECS] = {
	[VIDEO_VP8] = "vp8",
	[VIDEO_H264] = "h264",
	[VIDEO_VP9] = "vp9",
	[VIDEO_AV1] = "libdav1d",
};

struct video_decoder {
	AVCodecContext  *codec;		/* NULL until the first key frame */
	enum video_codec kind;		/* of codec */
	AVPacket       *packet;
	AVFrame        *av;		/* the newest picture */
	AVFrame        *next;		/* while one is received */
	struct shells  *shells;
	struct video_pool *converted;	/* of the size below; NULL: none yet */
	int             pool_width, pool_height;
	bool            ready;		/* decoded a key frame, unbroken since */
	int             width, height;	/* that a frame said last */
	int             out_width, out_height;	/* of the last picture */
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

static int
open_codec(AVCodecContext **out, enum video_codec kind)
{
	const AVCodec  *codec = avcodec_find_decoder_by_name(
	    codec_names[kind]);
	AVCodecContext *c;

	if (codec == NULL)
		return -ENOSYS;
	/* Broken pictures are a peer's daily business: counted, not printed. */
	av_log_set_level(AV_LOG_QUIET);
	c = avcodec_alloc_context3(codec);
	if (c == NULL)
		return -ENOMEM;
	c->thread_count = 1;
	c->max_pixels = (int64_t)VIDEO_WIDTH_MAX * VIDEO_HEIGHT_MAX;
	c->flags |= AV_CODEC_FLAG_LOW_DELAY;
	/* Grain would be work that the sender orders and nobody needs. */
	c->export_side_data |= AV_CODEC_EXPORT_DATA_FILM_GRAIN;
	if (avcodec_open2(c, codec, NULL) < 0) {
		avcodec_free_context(&c);
		return -EIO;
	}
	*out = c;
	return 0;
}

int
video_decoder_prepare(void)
{
	for (unsigned kind = 0; kind < VIDEO_CODECS; kind++) {
		AVCodecContext *codec;
		const int       err = open_codec(&codec,
		    (enum video_codec)kind);

		if (err)
			return err;
		avcodec_free_context(&codec);
	}
	return 0;
}

int
video_decoder_new(struct video_decoder **out)
{
	struct video_decoder *d = xcalloc(1, sizeof(*d));

	d->shells = xcalloc(1, sizeof(*d->shells));
	pthread_mutex_init(&d->shells->lock, NULL);
	d->resizes = RESIZES_SAVED;
	d->packet = av_packet_alloc();
	d->av = av_frame_alloc();
	d->next = av_frame_alloc();
	if (d->packet == NULL || d->av == NULL || d->next == NULL) {
		video_decoder_free(d);
		return -ENOMEM;
	}
	*out = d;
	return 0;
}

void
video_decoder_free(struct video_decoder *d)
{
	if (d == NULL)
		return;
	avcodec_free_context(&d->codec);
	av_packet_free(&d->packet);
	av_frame_free(&d->av);
	av_frame_free(&d->next);
	video_pool_free(d->converted);
	shells_free(d->shells);
	free(d);
}

static bool
size_allowed(int width, int height)
{
	/* Upright pictures of the same area are welcome too. */
	return width >= VIDEO_SIZE_MIN && height >= VIDEO_SIZE_MIN &&
	    width <= VIDEO_WIDTH_MAX && height <= VIDEO_WIDTH_MAX &&
	    width * height <= VIDEO_WIDTH_MAX * VIDEO_HEIGHT_MAX;
}

/* New buffers: the first are free. */
static bool
pay_for_buffers(struct video_decoder *d, bool first)
{
	if (first)
		return true;
	if (d->resizes == 0)
		return false;
	d->resizes--;
	return true;
}

/* Whether a picture that says this of itself may reach the decoder. */
static int
admit(struct video_decoder *d, enum video_codec kind,
    const struct bitstream_info *info)
{
	const bool other = d->codec == NULL || d->kind != kind;

	if (!info->key && (other || !d->ready))
		return -EBADMSG;
	if (info->width == 0)
		return other ? -EBADMSG : 0;
	if (!size_allowed(info->width, info->height))
		return -EMSGSIZE;
	if (!other && info->width == d->width && info->height == d->height)
		return 0;
	if (!pay_for_buffers(d, d->codec == NULL))
		return -EBADMSG;
	d->width = info->width;
	d->height = info->height;
	return 0;
}

/* Pictures of the old codec that are out stay valid. */
static int
use_codec(struct video_decoder *d, enum video_codec kind)
{
	if (d->codec && d->kind == kind)
		return 0;
	avcodec_free_context(&d->codec);
	d->kind = kind;
	d->ready = false;
	return open_codec(&d->codec, kind);
}

/*
 * A frame that says no size may still change it: VP9 takes over that of one
 * it refers to, and H.264 that of parameters which came before.
 */
static bool
output_allowed(struct video_decoder *d, const struct bitstream_info *info)
{
	const bool same = d->av->width == d->out_width &&
	    d->av->height == d->out_height;

	if ((d->av->format != AV_PIX_FMT_YUV420P &&
	    d->av->format != AV_PIX_FMT_YUVJ420P) ||
	    !size_allowed(d->av->width, d->av->height))
		return false;
	if (!same && info->width == 0 &&
	    !pay_for_buffers(d, d->out_width == 0))
		return false;
	d->out_width = d->av->width;
	d->out_height = d->av->height;
	return true;
}

static void
describe(struct video_frame *frame, const AVFrame *av)
{
	for (int p = 0; p < 3; p++) {
		frame->planes[p] = av->data[p];
		frame->strides[p] = av->linesize[p];
	}
	frame->width = av->width;
	frame->height = av->height;
	frame->time_us = 0;
	frame->rtp_time = 0;
}

/* Wraps what was decoded into d->av. */
static int
wrap(struct video_decoder *d, struct video_frame **out)
{
	struct shell *shell = shells_get(d->shells);

	if (shell == NULL)
		return -EAGAIN;
	av_frame_move_ref(shell->av, d->av);
	describe(&shell->frame, shell->av);
	atomic_store_explicit(&shell->frame.refs, 1, memory_order_relaxed);
	*out = &shell->frame;
	return 0;
}

/* The decoder goes on to refer to its picture: ours is a copy. */
static int
convert(struct video_decoder *d, struct colour_system system,
    struct video_frame **out)
{
	struct video_frame from = { .recycle = NULL };

	describe(&from, d->av);
	if (d->pool_width != from.width || d->pool_height != from.height) {
		video_pool_free(d->converted);
		d->converted = NULL;
		d->pool_width = d->pool_height = 0;
		if (video_pool_new(&d->converted, from.width, from.height,
		    SHELLS_MAX) != 0)
			return -EAGAIN;
		d->pool_width = from.width;
		d->pool_height = from.height;
	}
	*out = video_pool_get(d->converted);
	if (*out == NULL)
		return -EAGAIN;
	colour_convert(*out, &from, system);
	(*out)->time_us = 0;
	(*out)->rtp_time = 0;
	return 0;
}

/* The picture in d->av, given away. */
static int
give_out(struct video_decoder *d, struct video_frame **out)
{
	const struct colour_system system = {
		.full = d->av->format == AV_PIX_FMT_YUVJ420P ||
		    d->av->color_range == AVCOL_RANGE_JPEG,
		.bt709 = d->av->colorspace == AVCOL_SPC_BT709,
	};
	const int err = system.full || system.bt709 ?
	    convert(d, system, out) : wrap(d, out);

	av_frame_unref(d->av);
	return err;
}

/* The newest picture that is ready; an AV1 unit may hold several. */
static int
receive(struct video_decoder *d)
{
	int err = -EAGAIN;

	for (unsigned i = 0; i < OUTPUTS_MAX; i++) {
		const int got = avcodec_receive_frame(d->codec, d->next);

		if (got == AVERROR(EAGAIN))
			return err;
		if (got < 0)
			break;
		av_frame_unref(d->av);
		av_frame_move_ref(d->av, d->next);
		err = 0;
	}
	return -EBADMSG;
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
	err = receive(d);
	if (d->codec->has_b_frames > REORDER_MAX)
		err = -EBADMSG;
	if (err == 0 && (d->av->decode_error_flags != 0 ||
	    (d->av->flags & AV_FRAME_FLAG_CORRUPT)))
		err = -EBADMSG;
	return err;
}

/* What may go before this frame to the decoder, and then this frame. */
static int
decode(struct video_decoder *d, enum video_codec codec,
    const struct bitstream_info *info, const uint8_t *data, size_t len)
{
	int err = admit(d, codec, info);

	if (err == 0)
		err = use_codec(d, codec);
	if (err)
		return err;
	err = run(d, data, len);
	if (err == 0 && !output_allowed(d, info))
		err = -EBADMSG;
	if (err == -EBADMSG) {
		av_frame_unref(d->av);
		/* What it holds back is of the broken past. */
		avcodec_flush_buffers(d->codec);
	}
	return err;
}

int
video_decoder_decode(struct video_decoder *d, enum video_codec codec,
    const uint8_t *data, size_t len, bool key, struct video_frame **out)
{
	struct bitstream_info info;
	int                   err;

	/* Refused ones count too, or a stream could never come back. */
	if (++d->frames >= RESIZE_FRAMES) {
		d->frames = 0;
		if (d->resizes < RESIZES_SAVED)
			d->resizes++;
	}
	err = len > CODED_MAX ? -EBADMSG :
	    bitstream_read(&info, codec, data, len);
	if (err == 0)
		err = info.key == key ? decode(d, codec, &info, data, len) :
		    -EBADMSG;
	if (err && err != -EAGAIN) {
		/* What follows would be drawn upon what is missing. */
		d->ready = false;
		return err;
	}
	if (info.key)
		d->ready = true;
	return err ? err : give_out(d, out);
}
