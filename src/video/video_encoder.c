/*
 * A video encoder, whichever its library.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/video_encoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"
#include "video/encoder_kind.h"

#define SIDE_MIN 16
#define SIDE_MAX 4096
#define BPS_MIN  1000

struct video_encoder {
	const struct encoder_kind *kind;
	void                      *encoder;	/* of its kind */
	int                        width, height;
	bool                       stills;
};

int
video_encoder_new(struct video_encoder **out,
    const struct video_encoder_config *cfg)
{
	static const struct encoder_kind *const kinds[VIDEO_CODECS] = {
		[VIDEO_VP8] = &encoder_vpx, [VIDEO_H264] = &encoder_av,
		[VIDEO_VP9] = &encoder_vpx, [VIDEO_AV1] = &encoder_aom,
	};
	const struct encoder_kind *kind;
	struct video_encoder *e;
	void                 *encoder;
	int                   err;

	if (cfg->width < SIDE_MIN || cfg->height < SIDE_MIN ||
	    cfg->width > SIDE_MAX || cfg->height > SIDE_MAX || cfg->fps < 1 ||
	    cfg->bps < BPS_MIN || (unsigned)cfg->codec >= VIDEO_CODECS)
		return -EINVAL;
	kind = kinds[cfg->codec];
	err = kind->open(&encoder, cfg);
	if (err)
		return err;
	e = xcalloc(1, sizeof(*e));
	e->kind = kind;
	e->encoder = encoder;
	e->width = cfg->width;
	e->height = cfg->height;
	e->stills = cfg->stills;
	*out = e;
	return 0;
}

void
video_encoder_free(struct video_encoder *e)
{
	if (e == NULL)
		return;
	e->kind->close(e->encoder);
	free(e);
}

int
video_encoder_set_rate(struct video_encoder *e, uint32_t bps)
{
	if (bps < BPS_MIN)
		return -EINVAL;
	return e->kind->set_rate(e->encoder, bps);
}

int
video_encoder_set_layers(struct video_encoder *e, bool on)
{
	if (e->kind->set_layers == NULL)
		return on ? -ENOTSUP : 0;
	return e->kind->set_layers(e->encoder, on);
}

int
video_encoder_encode(struct video_encoder *e, const struct video_frame *frame,
    int64_t time_us, bool key, struct video_encoded *out)
{
	if (frame->width != e->width || frame->height != e->height)
		return -EIO;
	return e->kind->encode(e->encoder, frame, time_us,
	    key || e->stills, out);
}

static int
prepare(enum video_codec codec)
{
	const struct video_encoder_config cfg = { .width = 64, .height = 64,
		.fps = 25, .bps = 100000, .codec = codec };
	struct video_encoder *e = NULL;
	struct video_pool    *pool;
	struct video_frame   *frame;
	struct video_encoded  coded;
	int                   err;

	err = video_pool_new(&pool, cfg.width, cfg.height, 1);
	if (err)
		return err;
	frame = video_pool_get(pool);
	video_pool_free(pool);
	if (frame == NULL)
		return -ENOMEM;
	for (int p = 0; p < 3; p++)
		memset(frame->planes[p], 128, (size_t)frame->strides[p] *
		    (size_t)(p ? cfg.height / 2 : cfg.height));
	err = video_encoder_new(&e, &cfg);
	if (err == 0)
		err = video_encoder_encode(e, frame, 0, true, &coded);
	video_encoder_free(e);
	video_frame_unref(&frame);
	return err;
}

int
video_encoder_prepare(void)
{
	int err = 0;

	for (unsigned codec = 0; codec < VIDEO_CODECS && err == 0; codec++)
		err = prepare((enum video_codec)codec);
	return err;
}
