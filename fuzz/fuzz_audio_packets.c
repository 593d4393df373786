/*
 * Fuzz target: packets of two legs into the sound of a room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input: records of [leg and ticks][length][bytes of an RTP packet]. Nobody
 * listens: what is encoded is ours, and slow. Only when the five high bits of
 * the first byte are set libopus decodes; else samples are made up as long
 * and as loud as the packet says, which is a hundred times as fast. Coders
 * are copies of a first one, and reset by copying it again: libopus asks each
 * time what the processor can do, and a virtual machine takes 50 us to answer.
 * The linker puts __wrap_ in place of what libaudio calls.
 */
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>

#include "audio/audio_bridge.h"
#include "util/reader.h"

#define FOR_LIBOPUS 0xf8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
#define WRAP(result, name, ...)						\
	result __real_##name(__VA_ARGS__);				\
	result __wrap_##name(__VA_ARGS__)
WRAP(int, opus_decode_float, OpusDecoder *d, const unsigned char *payload,
    opus_int32 len, float *out, int size, int fec);
WRAP(OpusDecoder *, opus_decoder_create, opus_int32 rate, int channels,
    int *err);
WRAP(int, opus_decoder_ctl, OpusDecoder *d, int request, ...);
WRAP(OpusEncoder *, opus_encoder_create, opus_int32 rate, int channels,
    int application, int *err);

static bool         by_libopus;
static OpusDecoder *first_decoder;
static OpusEncoder *first_encoder;
static size_t       decoder_size, encoder_size;

int
__wrap_opus_decode_float(OpusDecoder *d, const unsigned char *payload,
    opus_int32 len, float *out, int size, int fec)
{
	int count = size;

	if (by_libopus)
		return __real_opus_decode_float(d, payload, len, out, size,
		    fec);
	if (payload && !fec)
		count = opus_decoder_get_nb_samples(d, payload, len);
	for (int i = 0; i < count && i < size; i++)
		out[i] = payload ? (float)payload[len - 1] / 64 - 2 : 0;
	return count <= size ? count : OPUS_BUFFER_TOO_SMALL;
}

OpusDecoder *
__wrap_opus_decoder_create(opus_int32 rate, int channels, int *err)
{
	void *copy;

	if (first_decoder == NULL) {
		first_decoder = __real_opus_decoder_create(rate, channels,
		    err);
		decoder_size = (size_t)opus_decoder_get_size(channels);
	}
	copy = malloc(decoder_size);
	return copy ? memcpy(copy, first_decoder, decoder_size) : NULL;
}

int
__wrap_opus_decoder_ctl(OpusDecoder *d, int request, ...)
{
	if (request != OPUS_RESET_STATE)
		return OPUS_UNIMPLEMENTED;
	memcpy(d, first_decoder, decoder_size);
	return OPUS_OK;
}

OpusEncoder *
__wrap_opus_encoder_create(opus_int32 rate, int channels, int application,
    int *err)
{
	void *copy;

	if (first_encoder == NULL) {
		first_encoder = __real_opus_encoder_create(rate, channels,
		    application, err);
		encoder_size = (size_t)opus_encoder_get_size(channels);
	}
	copy = malloc(encoder_size);
	return copy ? memcpy(copy, first_encoder, encoder_size) : NULL;
}

static void
on_payload(void *to, unsigned leg, const struct audio_payload *payload)
{
	*(volatile size_t *)to += leg + payload->bytes[0] + payload->len +
	    payload->rtp_time + payload->talk_start;
}

static void
on_speaking(void *to, const unsigned *legs, unsigned count)
{
	*(volatile size_t *)to += count ? legs[count - 1] : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct audio_leg_config cfg = { true, false, 111, 1 };
	struct reader        r = reader_of(bytes, len);
	size_t               sum = 0;
	struct packet_pool  *pool;
	struct audio_bridge *b;

	by_libopus = len > 0 && bytes[0] >= FOR_LIBOPUS;
	if (packet_pool_new(&pool, 200) != 0 || audio_bridge_new(&b, 32000, 0,
	    &(struct audio_bridge_out){ on_payload, on_speaking, &sum }) != 0)
		return 0;
	for (unsigned leg = 0; leg < 2; leg++)
		(void)audio_bridge_add(b, leg, &cfg);
	for (int64_t now_us = 1000000; reader_left(&r);) {
		const uint8_t  how = reader_u8(&r), size = reader_u8(&r);
		const uint8_t *packet = reader_take(&r, size);
		struct packet *p = packet ? packet_new(pool) : NULL;

		if (p) {
			memcpy(p->bytes, packet, size);
			p->len = size;
			p->arrival_us = now_us;
			audio_bridge_push(b, how & 1, p);
		}
		for (int i = how >> 1 & 3; i > 0; i--, now_us += 20000)
			audio_bridge_tick(b, now_us);
	}
	audio_bridge_free(b);
	packet_pool_free(pool);
	return 0;
}
