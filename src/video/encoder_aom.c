/*
 * AV1 by libaom, called directly: libavcodec ignores a new rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include "util/xalloc.h"
#include "video/encoder_kind.h"

#define TIMEBASE_HZ     90000
#define SPEED           10
#define AQ_CYCLIC       3	/* sharpens what does not move, by and by */
#define RARELY          3	/* costs are counted anew once, at key frames */
#define QUANTIZER_MIN   8
#define QUANTIZER_MAX   56
#define UNDERSHOOT      50
#define OVERSHOOT       50

struct aom_encoder {
	aom_codec_ctx_t             codec;
	bool                        open;
	aom_codec_enc_cfg_t         aom;
	struct video_encoder_config cfg;
	struct encoder_clock        clock;
};

static void
configure(aom_codec_enc_cfg_t *aom, const struct video_encoder_config *cfg)
{
	aom->g_w = (unsigned)cfg->width;
	aom->g_h = (unsigned)cfg->height;
	aom->g_timebase.num = 1;
	aom->g_timebase.den = TIMEBASE_HZ;
	aom->g_threads = 1;
	aom->g_lag_in_frames = 0;
	aom->g_error_resilient = 0;
	aom->g_pass = AOM_RC_ONE_PASS;
	aom->rc_end_usage = AOM_CBR;
	aom->rc_target_bitrate = cfg->bps / 1000;
	aom->rc_min_quantizer = QUANTIZER_MIN;
	aom->rc_max_quantizer = QUANTIZER_MAX;
	aom->rc_undershoot_pct = UNDERSHOOT;
	aom->rc_overshoot_pct = OVERSHOOT;
	aom->rc_buf_initial_sz = ENCODER_BUFFER_START_MS;
	aom->rc_buf_optimal_sz = ENCODER_BUFFER_GOAL_MS;
	aom->rc_buf_sz = ENCODER_BUFFER_MS;
	aom->rc_dropframe_thresh = cfg->stills ? 0 : ENCODER_DROP_BELOW;
	aom->kf_mode = AOM_KF_DISABLED;
}

/* Tools that cost more time than they save bits at a desk. */
static int
leave_out_tools(aom_codec_ctx_t *c)
{
	if (aom_codec_control(c, AV1E_SET_ENABLE_TPL_MODEL, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_ORDER_HINT, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_OBMC, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_WARPED_MOTION, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_GLOBAL_MOTION, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_REF_FRAME_MVS, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_RESTORATION, 0))
		return -EIO;
	return 0;
}

/* Unsaid, browsers take another than for VP8, and colours change with codecs. */
static int
say_colours(aom_codec_ctx_t *c)
{
	if (aom_codec_control(c, AV1E_SET_COLOR_PRIMARIES,
	    AOM_CICP_CP_BT_601) ||
	    aom_codec_control(c, AV1E_SET_TRANSFER_CHARACTERISTICS,
	    AOM_CICP_TC_BT_601) ||
	    aom_codec_control(c, AV1E_SET_MATRIX_COEFFICIENTS,
	    AOM_CICP_MC_BT_601) ||
	    aom_codec_control(c, AV1E_SET_COLOR_RANGE, AOM_CR_STUDIO_RANGE))
		return -EIO;
	return 0;
}

static int
tune(struct aom_encoder *e)
{
	aom_codec_ctx_t *c = &e->codec;

	if (aom_codec_control(c, AOME_SET_CPUUSED, SPEED) ||
	    aom_codec_control(c, AV1E_SET_AQ_MODE,
	    e->cfg.stills ? 0 : AQ_CYCLIC) ||
	    aom_codec_control(c, AOME_SET_MAX_INTRA_BITRATE_PCT,
	    encoder_intra_percent(&e->cfg)) ||
	    aom_codec_control(c, AV1E_SET_COEFF_COST_UPD_FREQ, RARELY) ||
	    aom_codec_control(c, AV1E_SET_MODE_COST_UPD_FREQ, RARELY) ||
	    aom_codec_control(c, AV1E_SET_MV_COST_UPD_FREQ, RARELY) ||
	    aom_codec_control(c, AV1E_SET_DELTAQ_MODE, 0) ||
	    aom_codec_control(c, AV1E_SET_TILE_COLUMNS, 0) ||
	    aom_codec_control(c, AV1E_SET_ENABLE_CDEF, 1))
		return -EIO;
	return leave_out_tools(c) ? -EIO : say_colours(c);
}

static void
encoder_aom_close(void *encoder)
{
	struct aom_encoder *e = encoder;

	if (e->open)
		(void)aom_codec_destroy(&e->codec);
	free(e);
}

static int
encoder_aom_open(void **out, const struct video_encoder_config *cfg)
{
	struct aom_encoder *e = xcalloc(1, sizeof(*e));

	e->cfg = *cfg;
	if (aom_codec_enc_config_default(aom_codec_av1_cx(), &e->aom,
	    AOM_USAGE_REALTIME))
		goto fail;
	configure(&e->aom, cfg);
	if (aom_codec_enc_init(&e->codec, aom_codec_av1_cx(), &e->aom, 0))
		goto fail;
	e->open = true;
	if (tune(e) != 0)
		goto fail;
	*out = e;
	return 0;

fail:
	encoder_aom_close(e);
	return -EIO;
}

static int
encoder_aom_set_rate(void *encoder, uint32_t bps)
{
	struct aom_encoder *e = encoder;

	e->aom.rc_target_bitrate = bps / 1000;
	e->cfg.bps = bps;
	return aom_codec_enc_config_set(&e->codec, &e->aom) ? -EIO : 0;
}

static aom_image_t
image_of(const struct video_frame *frame)
{
	aom_image_t image = { 0 };

	image.fmt = AOM_IMG_FMT_I420;
	image.range = AOM_CR_STUDIO_RANGE;
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

static int
encoder_aom_encode(void *encoder, const struct video_frame *frame,
    int64_t time_us, bool key, struct video_encoded *out)
{
	struct aom_encoder       *e = encoder;
	const aom_codec_cx_pkt_t *packet;
	aom_codec_iter_t          iter = NULL;
	struct video_encoded      coded = { 0 };
	const aom_image_t         image = image_of(frame);

	if (aom_codec_encode(&e->codec, &image,
	    encoder_clock_next(&e->clock, time_us, TIMEBASE_HZ),
	    encoder_frame_ticks(&e->cfg, TIMEBASE_HZ),
	    key ? AOM_EFLAG_FORCE_KF : 0))
		return -EIO;
	while ((packet = aom_codec_get_cx_data(&e->codec, &iter)) != NULL) {
		if (packet->kind != AOM_CODEC_CX_FRAME_PKT)
			continue;
		coded.data = packet->data.frame.buf;
		coded.len = packet->data.frame.sz;
		coded.key = (packet->data.frame.flags &
		    AOM_FRAME_IS_KEY) != 0;
	}
	*out = coded;
	return 0;
}

const struct encoder_kind encoder_aom = {
	encoder_aom_open, encoder_aom_close, encoder_aom_set_rate, NULL,
	encoder_aom_encode,
};
