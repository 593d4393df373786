/*
 * Opus by libopus.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>

#include "audio/audio_codec.h"
#include "util/xalloc.h"

#define PACKET_MAX       65536	/* far above any datagram */
#define ERRORS_MAX       20	/* then what it remembers is not trusted */
#define PLC_STEP         120	/* 2.5 ms, the shortest Opus frame */
#define SILK_FRAME       960	/* 20 ms: one voice activity flag each */
#define LOSS_PERCENT     10
#define OPUS_MODE_CELT   0x80	/* in the TOC byte, RFC 6716, 3.1 */

struct audio_decoder {
	OpusDecoder *opus;
	unsigned     errors;	/* in a row */
};

struct audio_encoder {
	OpusEncoder *opus;
};

int
audio_decoder_new(struct audio_decoder **out)
{
	struct audio_decoder *d = xcalloc(1, sizeof(*d));
	int                   err;

	d->opus = opus_decoder_create(AUDIO_RATE_HZ, 1, &err);
	if (d->opus == NULL) {
		free(d);
		return -ENOMEM;
	}
	*out = d;
	return 0;
}

void
audio_decoder_free(struct audio_decoder *d)
{
	if (d == NULL)
		return;
	opus_decoder_destroy(d->opus);
	free(d);
}

void
audio_decoder_reset(struct audio_decoder *d)
{
	(void)opus_decoder_ctl(d->opus, OPUS_RESET_STATE);
	d->errors = 0;
}

static int
decoder_failed(struct audio_decoder *d)
{
	if (++d->errors >= ERRORS_MAX)
		audio_decoder_reset(d);
	return -EBADMSG;
}

int
audio_decoder_decode(struct audio_decoder *d, const uint8_t *payload,
    size_t len, float out[AUDIO_DECODED_MAX])
{
	int samples;

	if (len == 0 || len > PACKET_MAX)
		return decoder_failed(d);
	samples = opus_packet_get_nb_samples(payload, (opus_int32)len,
	    AUDIO_RATE_HZ);
	if (samples <= 0 || samples > AUDIO_DECODED_MAX)
		return decoder_failed(d);
	samples = opus_decode_float(d->opus, payload, (opus_int32)len, out,
	    AUDIO_DECODED_MAX, 0);
	if (samples <= 0)
		return decoder_failed(d);
	d->errors = 0;
	return samples;
}

/*
 * In SILK's frames the bits for voice activity come first, one for each
 * 20 ms, then the one for FEC ("LBRR", RFC 6716, 4.2.3 and 4.2.4); both are
 * coded as even chances, so they are plain bits of the first byte.
 */
bool
audio_payload_has_fec(const uint8_t *payload, size_t len)
{
	const unsigned char *frames[48];
	opus_int16           sizes[48];
	unsigned             flags, spans = 1;
	int                  samples;

	if (len < 2 || len > PACKET_MAX || (payload[0] & OPUS_MODE_CELT))
		return false;
	if (opus_packet_parse(payload, (opus_int32)len, NULL, frames, sizes,
	    NULL) <= 0 || sizes[0] == 0)
		return false;
	samples = opus_packet_get_samples_per_frame(payload, AUDIO_RATE_HZ);
	if (samples > SILK_FRAME)
		spans = (unsigned)(samples / SILK_FRAME);
	flags = frames[0][0];
	if (flags >> (7 - spans) & 1)
		return true;
	return opus_packet_get_nb_channels(payload) == 2 &&
	    (flags >> (6 - 2 * spans) & 1);
}

int
audio_decoder_recover(struct audio_decoder *d, const uint8_t *payload,
    size_t len, float *out, int samples)
{
	int got;

	if (len == 0 || len > PACKET_MAX || samples <= 0 ||
	    samples > AUDIO_DECODED_MAX || samples % PLC_STEP)
		return -EBADMSG;
	got = opus_decode_float(d->opus, payload, (opus_int32)len, out,
	    samples, 1);
	return got == samples ? samples : decoder_failed(d);
}

int
audio_decoder_conceal(struct audio_decoder *d, float *out, int samples)
{
	if (opus_decode_float(d->opus, NULL, 0, out, samples, 0) != samples)
		memset(out, 0, (size_t)samples * sizeof(*out));
	return samples;
}

int
audio_encoder_new(struct audio_encoder **out, uint32_t bps, int complexity)
{
	struct audio_encoder *e = xcalloc(1, sizeof(*e));
	int                   err;

	e->opus = opus_encoder_create(AUDIO_RATE_HZ, 1,
	    OPUS_APPLICATION_VOIP, &err);
	if (e->opus == NULL) {
		free(e);
		return -ENOMEM;
	}
	if (opus_encoder_ctl(e->opus, OPUS_SET_BITRATE((opus_int32)bps)) ||
	    opus_encoder_ctl(e->opus, OPUS_SET_COMPLEXITY(complexity)) ||
	    opus_encoder_ctl(e->opus, OPUS_SET_INBAND_FEC(1)) ||
	    opus_encoder_ctl(e->opus, OPUS_SET_PACKET_LOSS_PERC(LOSS_PERCENT)) ||
	    opus_encoder_ctl(e->opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE))) {
		audio_encoder_free(e);
		return -EINVAL;
	}
	*out = e;
	return 0;
}

void
audio_encoder_free(struct audio_encoder *e)
{
	if (e == NULL)
		return;
	opus_encoder_destroy(e->opus);
	free(e);
}

void
audio_encoder_reset(struct audio_encoder *e)
{
	(void)opus_encoder_ctl(e->opus, OPUS_RESET_STATE);
}

void
audio_encoder_set_loss(struct audio_encoder *e, int loss_percent)
{
	if (loss_percent < 0)
		loss_percent = 0;
	if (loss_percent > 100)
		loss_percent = 100;
	(void)opus_encoder_ctl(e->opus,
	    OPUS_SET_PACKET_LOSS_PERC(loss_percent));
}

void
audio_encoder_set_rate(struct audio_encoder *e, uint32_t bps)
{
	(void)opus_encoder_ctl(e->opus, OPUS_SET_BITRATE((opus_int32)bps));
}

void
audio_encoder_set_dtx(struct audio_encoder *e, bool on)
{
	(void)opus_encoder_ctl(e->opus, OPUS_SET_DTX(on));
}

int
audio_encoder_encode(struct audio_encoder *e, const struct audio_frame *frame,
    uint8_t out[AUDIO_PAYLOAD_MAX])
{
	return audio_encoder_encode_long(e, frame->samples, 1, out);
}

int
audio_encoder_encode_long(struct audio_encoder *e, const float *samples,
    unsigned count, uint8_t out[AUDIO_PAYLOAD_MAX])
{
	const opus_int32 len = opus_encode_float(e->opus, samples,
	    (int)count * AUDIO_FRAME_LEN, out, AUDIO_PAYLOAD_MAX);

	return len > 0 ? (int)len : -EIO;
}
