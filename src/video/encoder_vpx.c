/*
 * VP8 and VP9 by libvpx, called directly: libavcodec ignores a new rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include "util/xalloc.h"
#include "video/encoder_kind.h"

#define TIMEBASE_HZ     90000
#define CPU_USED        (-6)	/* positive values follow the wall clock */
#define VP9_SPEED       8
#define VP9_AQ_CYCLIC   3	/* sharpens what does not move, by and by */
#define STATIC_THRESH   100	/* still background costs next to nothing */
#define QUANTIZER_MIN   2
#define QUANTIZER_MAX   56
#define UNDERSHOOT      100
#define OVERSHOOT       15

/*
 * Two layers: even frames refer to the last even one, odd ones to that as
 * well, and nothing refers to odd ones. What else a key frame filled stays.
 */
#define BASE_FLAGS      (VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | \
    VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF)
#define DROPPABLE_FLAGS (BASE_FLAGS | VP8_EFLAG_NO_UPD_LAST | \
    VP8_EFLAG_NO_UPD_ENTROPY)

struct vpx_encoder {
	vpx_codec_ctx_t             codec;
	bool                        open;
	vpx_codec_enc_cfg_t         vpx;
	struct video_encoder_config cfg;
	struct encoder_clock        clock;
	bool                        layers;
	bool                        odd;	/* in layers: the next frame */
};

static void
configure(vpx_codec_enc_cfg_t *vpx, const struct video_encoder_config *cfg)
{
	vpx->g_w = (unsigned)cfg->width;
	vpx->g_h = (unsigned)cfg->height;
	vpx->g_timebase.num = 1;
	vpx->g_timebase.den = TIMEBASE_HZ;
	vpx->g_threads = 1;	/* more of them spin */
	vpx->g_lag_in_frames = 0;
	vpx->g_error_resilient = 0;
	vpx->g_pass = VPX_RC_ONE_PASS;
	vpx->rc_end_usage = VPX_CBR;
	vpx->rc_target_bitrate = cfg->bps / 1000;
	vpx->rc_min_quantizer = QUANTIZER_MIN;
	vpx->rc_max_quantizer = QUANTIZER_MAX;
	vpx->rc_undershoot_pct = UNDERSHOOT;
	vpx->rc_overshoot_pct = OVERSHOOT;
	vpx->rc_buf_initial_sz = ENCODER_BUFFER_START_MS;
	vpx->rc_buf_optimal_sz = ENCODER_BUFFER_GOAL_MS;
	vpx->rc_buf_sz = ENCODER_BUFFER_MS;
	vpx->rc_dropframe_thresh = cfg->stills ? 0 : ENCODER_DROP_BELOW;
	vpx->kf_mode = VPX_KF_DISABLED;
}

static int
tune_vp8(struct vpx_encoder *e)
{
	vpx_codec_ctx_t *c = &e->codec;

	if (vpx_codec_control(c, VP8E_SET_CPUUSED, CPU_USED) ||
	    vpx_codec_control(c, VP8E_SET_STATIC_THRESHOLD, STATIC_THRESH) ||
	    vpx_codec_control(c, VP8E_SET_NOISE_SENSITIVITY, 0) ||
	    vpx_codec_control(c, VP8E_SET_TOKEN_PARTITIONS,
	    VP8_ONE_TOKENPARTITION))
		return -EIO;
	return 0;
}

static int
tune_vp9(struct vpx_encoder *e)
{
	vpx_codec_ctx_t *c = &e->codec;

	if (vpx_codec_control(c, VP8E_SET_CPUUSED, VP9_SPEED) ||
	    vpx_codec_control(c, VP9E_SET_AQ_MODE,
	    e->cfg.stills ? 0 : VP9_AQ_CYCLIC) ||
	    vpx_codec_control(c, VP9E_SET_FRAME_PARALLEL_DECODING, 0) ||
	    vpx_codec_control(c, VP9E_SET_TILE_COLUMNS, 0) ||
	    vpx_codec_control(c, VP9E_SET_COLOR_SPACE, VPX_CS_BT_601) ||
	    vpx_codec_control(c, VP9E_SET_COLOR_RANGE, VPX_CR_STUDIO_RANGE) ||
	    vpx_codec_control(c, VP9E_SET_NOISE_SENSITIVITY, 0))
		return -EIO;
	return 0;
}

static int
tune(struct vpx_encoder *e)
{
	const int err = e->cfg.codec == VIDEO_VP9 ? tune_vp9(e) : tune_vp8(e);

	if (err)
		return err;
	return vpx_codec_control(&e->codec, VP8E_SET_MAX_INTRA_BITRATE_PCT,
	    encoder_intra_percent(&e->cfg)) ? -EIO : 0;
}

static void
encoder_vpx_close(void *encoder)
{
	struct vpx_encoder *e = encoder;

	if (e->open)
		(void)vpx_codec_destroy(&e->codec);
	free(e);
}

static int
encoder_vpx_open(void **out, const struct video_encoder_config *cfg)
{
	vpx_codec_iface_t  *iface = cfg->codec == VIDEO_VP9 ?
	    vpx_codec_vp9_cx() : vpx_codec_vp8_cx();
	struct vpx_encoder *e = xcalloc(1, sizeof(*e));

	e->cfg = *cfg;
	if (vpx_codec_enc_config_default(iface, &e->vpx, 0))
		goto fail;
	configure(&e->vpx, cfg);
	if (vpx_codec_enc_init(&e->codec, iface, &e->vpx, 0))
		goto fail;
	e->open = true;
	if (tune(e) != 0)
		goto fail;
	*out = e;
	return 0;

fail:
	encoder_vpx_close(e);
	return -EIO;
}

static int
encoder_vpx_set_rate(void *encoder, uint32_t bps)
{
	struct vpx_encoder *e = encoder;

	e->vpx.rc_target_bitrate = bps / 1000;
	if (e->layers)
		e->vpx.ts_target_bitrate[1] = bps / 1000;
	e->cfg.bps = bps;
	return vpx_codec_enc_config_set(&e->codec, &e->vpx) ? -EIO : 0;
}

static int
encoder_vpx_set_layers(void *encoder, bool on)
{
	struct vpx_encoder  *e = encoder;
	vpx_codec_enc_cfg_t *vpx = &e->vpx;

	if (on == e->layers)
		return 0;
	if (e->cfg.codec != VIDEO_VP8 || e->cfg.base_bps == 0)
		return -ENOTSUP;
	vpx->ts_number_layers = on ? 2 : 1;
	vpx->ts_periodicity = on ? 2 : 0;
	vpx->ts_rate_decimator[0] = on ? 2 : 0;
	vpx->ts_rate_decimator[1] = on ? 1 : 0;
	vpx->ts_layer_id[0] = 0;
	vpx->ts_layer_id[1] = on ? 1 : 0;
	/* Of a layer with those below it. */
	vpx->ts_target_bitrate[0] = on ? e->cfg.base_bps / 1000 : 0;
	vpx->ts_target_bitrate[1] = on ? e->cfg.bps / 1000 : 0;
	if (vpx_codec_enc_config_set(&e->codec, vpx))
		return -EIO;
	if (!on && vpx_codec_control(&e->codec, VP8E_SET_TEMPORAL_LAYER_ID,
	    0))
		return -EIO;
	e->layers = on;
	e->odd = false;
	return 0;
}

static vpx_image_t
image_of(const struct video_frame *frame)
{
	vpx_image_t image = { 0 };

	image.fmt = VPX_IMG_FMT_I420;
	image.cs = VPX_CS_BT_601;
	image.range = VPX_CR_STUDIO_RANGE;
	image.w = image.d_w = (unsigned)frame->width;
	image.h = image.d_h = (unsigned)frame->height;
	image.bit_depth = 8;
	image.bps = 12;
	image.x_chroma_shift = 1;
	image.y_chroma_shift = 1;
	for (int i = 0; i < 3; i++) {
		image.planes[i] = frame->planes[i];
		image.stride[i] = frame->strides[i];
	}
	return image;
}

/* Says which layer the frame is of; returns the flags for that. */
static vpx_enc_frame_flags_t
next_layer(struct vpx_encoder *e, bool key, bool *droppable)
{
	*droppable = false;
	if (!e->layers)
		return key ? VPX_EFLAG_FORCE_KF : 0;
	if (key)
		e->odd = false;
	*droppable = e->odd;
	(void)vpx_codec_control(&e->codec, VP8E_SET_TEMPORAL_LAYER_ID,
	    e->odd ? 1 : 0);
	e->odd = !e->odd;
	if (key)
		return VPX_EFLAG_FORCE_KF;
	return *droppable ? DROPPABLE_FLAGS : BASE_FLAGS;
}

static int
encoder_vpx_encode(void *encoder, const struct video_frame *frame,
    int64_t time_us, bool key, struct video_encoded *out)
{
	struct vpx_encoder       *e = encoder;
	const vpx_codec_cx_pkt_t *packet;
	vpx_codec_iter_t          iter = NULL;
	struct video_encoded      coded = { 0 };
	vpx_image_t               image = image_of(frame);
	bool                      droppable;
	const vpx_enc_frame_flags_t flags = next_layer(e, key, &droppable);

	if (vpx_codec_encode(&e->codec, &image,
	    encoder_clock_next(&e->clock, time_us, TIMEBASE_HZ),
	    encoder_frame_ticks(&e->cfg, TIMEBASE_HZ), flags, VPX_DL_REALTIME))
		return -EIO;
	while ((packet = vpx_codec_get_cx_data(&e->codec, &iter)) != NULL) {
		if (packet->kind != VPX_CODEC_CX_FRAME_PKT)
			continue;
		coded.data = packet->data.frame.buf;
		coded.len = packet->data.frame.sz;
		coded.key = (packet->data.frame.flags &
		    VPX_FRAME_IS_KEY) != 0;
		coded.droppable = droppable && !coded.key;
	}
	*out = coded;
	return 0;
}

const struct encoder_kind encoder_vpx = {
	encoder_vpx_open, encoder_vpx_close, encoder_vpx_set_rate,
	encoder_vpx_set_layers, encoder_vpx_encode,
};
