/*
 * An audio decoder and encoder; today Opus (codec_opus.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes may be given to the decoder: what is not decodable is concealed.
 * Owner: audio thread.
 */
#ifndef AUDIO_AUDIO_CODEC_H
#define AUDIO_AUDIO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_frame.h"

#define AUDIO_DECODED_MAX 5760	/* 120 ms */
#define AUDIO_PAYLOAD_MAX 1276	/* one Opus frame, RFC 6716, 3.4 */
#define AUDIO_DTX_BYTES   2	/* a payload that is only a header */
/* What is decoded at a time stamp was encoded with one so much before it. */
#define AUDIO_LOOK_AHEAD_US 6500

struct audio_decoder;
struct audio_encoder;

int  audio_decoder_new(struct audio_decoder **out);
void audio_decoder_free(struct audio_decoder *d);

/* Forgets what was heard: before a stream that does not go on from it. */
void audio_decoder_reset(struct audio_decoder *d);

/*
 * Decodes a packet into mono floats at 48 kHz. Returns samples (120..5760),
 * or -EBADMSG: the caller conceals.
 */
int audio_decoder_decode(struct audio_decoder *d, const uint8_t *payload,
    size_t len, float out[AUDIO_DECODED_MAX]);

/* Whether the packet carries in-band FEC of the frame before it. */
bool audio_payload_has_fec(const uint8_t *payload, size_t len);

/*
 * The frame before `payload`, from its in-band FEC, `samples` long (as for
 * audio_decoder_conceal). Returns samples, or -EBADMSG.
 */
int audio_decoder_recover(struct audio_decoder *d, const uint8_t *payload,
    size_t len, float *out, int samples);

/*
 * Makes up `samples` (PLC): a multiple of 120 (2.5 ms), at most 5760.
 * Returns samples; silence when the decoder can make up nothing.
 */
int audio_decoder_conceal(struct audio_decoder *d, float *out, int samples);

/* `complexity` 0..10. In-band FEC is on, for 10 % until the loss is set. */
int  audio_encoder_new(struct audio_encoder **out, uint32_t bps,
    int complexity);
void audio_encoder_free(struct audio_encoder *e);
void audio_encoder_reset(struct audio_encoder *e);	/* a new stream */
/* What in-band FEC is made for; 0: none. */
void audio_encoder_set_loss(struct audio_encoder *e, int loss_percent);
void audio_encoder_set_rate(struct audio_encoder *e, uint32_t bps);
/*
 * Whether silence makes payloads that need not be sent, of at most
 * AUDIO_DTX_BYTES; the first in a row must be. At first it does not.
 */
void audio_encoder_set_dtx(struct audio_encoder *e, bool on);

/* Returns payload bytes, or -EIO. */
int audio_encoder_encode(struct audio_encoder *e,
    const struct audio_frame *frame, uint8_t out[AUDIO_PAYLOAD_MAX]);
/* One packet of `count` frames that follow each other: 1, 2 or 3. */
int audio_encoder_encode_long(struct audio_encoder *e, const float *samples,
    unsigned count, uint8_t out[AUDIO_PAYLOAD_MAX]);

#endif
