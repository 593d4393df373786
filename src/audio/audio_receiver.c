/*
 * From packets to ticks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/audio_receiver.h"

#include <stdlib.h>
#include <string.h>

#include "audio/audio_codec.h"
#include "audio/time_scale.h"
#include "rtp/jitter.h"
#include "rtp/payload_opus.h"
#include "rtp/rtp_extension.h"
#include "rtp/rtp_packet.h"
#include "rtp/stream_sync.h"
#include "util/xalloc.h"

#define STEP          120		/* samples: what PLC works in */
#define MADE_UP_MAX   5760		/* 120 ms */
#define MADE_UP_FADE  1920		/* of them the last 40 ms fade */
#define HANGOVER      (AUDIO_RATE_HZ / 2)	/* decoded after the last word */
#define PULLS_MAX     32		/* a tick: 8 packets of 2.5 ms, and air */
#define SSRC_QUIET_US 200000
#define LAG_OLDEST_US 2000000
/* A tick less a sample may wait here when a packet of 120 ms comes. */
#define WAITING_MAX   (AUDIO_FRAME_LEN + DECODED_MAX)
#define DECODED_MAX   (AUDIO_DECODED_MAX + TIME_SCALE_PERIOD_MAX)
/* How alike two periods must be, and after how many refusals none need be. */
#define ALIKE         0.8f
#define REFUSALS_MAX  5

struct audio_receiver {
	struct audio_receiver_config cfg;
	struct audio_receiver_stats *stats;
	struct jitter        *jitter;
	struct audio_decoder *decoder;

	bool     started;
	uint32_t ssrc;
	int64_t  arrival_us;		/* of its last packet */
	bool     playing;		/* a packet came out of the buffer */
	int      duration;		/* samples in the last packet */
	int64_t  wait_us;		/* what the jitter buffer was told */
	int64_t  lag_us;		/* of the last packet, known … */
	int64_t  lag_at_us;		/* … then */

	int      loud_left;		/* samples until decoding stops */
	int      made_up;		/* samples since the last real one */
	int      sound;			/* of what waits, until the last that
					 * is no silence */
	int      waiting;
	float    samples[WAITING_MAX];
	int      refusals;		/* in a row, to be scaled */
	float    decoded[DECODED_MAX];
};

int
audio_receiver_new(struct audio_receiver **out,
    const struct audio_receiver_config *cfg,
    struct audio_receiver_stats *stats)
{
	struct audio_receiver *r = xcalloc(1, sizeof(*r));
	int                    err;

	r->cfg = *cfg;
	r->stats = stats;
	r->duration = AUDIO_FRAME_LEN;
	r->made_up = MADE_UP_MAX;
	r->lag_us = STREAM_TIME_NONE;
	err = jitter_new(&r->jitter, AUDIO_RATE_HZ);
	if (err)
		goto fail;
	err = audio_decoder_new(&r->decoder);
	if (err)
		goto fail;
	*out = r;
	return 0;

fail:
	audio_receiver_free(r);
	return err;
}

void
audio_receiver_free(struct audio_receiver *r)
{
	if (r == NULL)
		return;
	jitter_free(r->jitter);
	audio_decoder_free(r->decoder);
	free(r);
}

/* False when a packet of this SSRC is not to be heard. */
static bool
follow_ssrc(struct audio_receiver *r, uint32_t ssrc, int64_t arrival_us)
{
	struct jitter *fresh;

	if (r->started && ssrc != r->ssrc) {
		if (arrival_us - r->arrival_us < SSRC_QUIET_US)
			return false;
		if (jitter_new(&fresh, AUDIO_RATE_HZ) != 0)
			return false;
		jitter_free(r->jitter);
		r->jitter = fresh;
		jitter_set_wait(r->jitter, r->wait_us);
		r->playing = false;
		r->lag_us = STREAM_TIME_NONE;
	}
	r->started = true;
	r->ssrc = ssrc;
	r->arrival_us = arrival_us;
	return true;
}

void
audio_receiver_push(struct audio_receiver *r, struct packet *packet)
{
	struct rtp_packet rtp;
	int               duration;

	if (rtp_packet_parse(&rtp, packet->bytes, packet->len) != 0 ||
	    rtp.payload_type != r->cfg.payload_type)
		goto drop;
	duration = payload_opus_duration(rtp.payload, rtp.payload_len);
	if (duration <= 0 || duration > AUDIO_DECODED_MAX ||
	    !follow_ssrc(r, rtp.ssrc, packet->arrival_us))
		goto drop;
	if (jitter_push(r->jitter, packet, rtp.sequence, rtp.timestamp,
	    (uint32_t)duration))
		return;

drop:
	r->stats->dropped++;
	packet_free(&packet);
}

void
audio_receiver_set_wait(struct audio_receiver *r, int64_t wait_us)
{
	r->wait_us = wait_us;
	jitter_set_wait(r->jitter, wait_us);
}

int64_t
audio_receiver_lag_us(const struct audio_receiver *r, int64_t now_us)
{
	return now_us - r->lag_at_us < LAG_OLDEST_US ? r->lag_us :
	    STREAM_TIME_NONE;
}

/* Within full scale, whatever a decoder was made to say. */
static float
clamp(float sample)
{
	return sample > -1 ? (sample < 1 ? sample : 1) : -1;	/* NaN too */
}

static void
add_samples(struct audio_receiver *r, const float *samples, int count)
{
	float *to = r->samples + r->waiting;

	if (count > WAITING_MAX - r->waiting)
		count = WAITING_MAX - r->waiting;
	for (int i = 0; i < count; i++)
		to[i] = clamp(samples[i]);
	r->waiting += count;
	r->sound = r->waiting;
}

static void
add_silence(struct audio_receiver *r, int count)
{
	if (count > WAITING_MAX - r->waiting)
		count = WAITING_MAX - r->waiting;
	memset(r->samples + r->waiting, 0, (size_t)count *
	    sizeof(*r->samples));
	r->waiting += count;
}

/*
 * A period more or less of what was decoded, as the buffer asks. What is like
 * nothing (noise, say) is left alone for a while, and then cut all the same,
 * so that the delay comes down in any case.
 */
static int
rescale(struct audio_receiver *r, enum jitter_verdict verdict, int count)
{
	const bool  must = r->refusals >= REFUSALS_MAX;
	const float alike = must ? -1 : ALIKE;
	const int   scaled = verdict == JITTER_SKIP ?
	    time_scale_shorten(r->decoded, count, alike) :
	    time_scale_lengthen(r->decoded, count, alike);

	r->refusals = scaled == count ? r->refusals + 1 : 0;
	if (scaled < count)
		r->stats->skipped_samples += (unsigned)(count - scaled);
	else
		r->stats->stretched_samples += (unsigned)(scaled - count);
	return scaled;
}

/* PLC, fading out towards MADE_UP_MAX, and silence after that. */
static void
make_up(struct audio_receiver *r, int count)
{
	const int fade_at = MADE_UP_MAX - MADE_UP_FADE;

	count = (count + STEP - 1) / STEP * STEP;
	if (r->made_up >= MADE_UP_MAX) {
		add_silence(r, count);
		return;
	}
	(void)audio_decoder_conceal(r->decoder, r->decoded, count);
	for (int i = 0; i < count; i++) {
		const int at = r->made_up + i - fade_at;

		if (at >= MADE_UP_FADE)
			r->decoded[i] = 0;
		else if (at > 0)
			r->decoded[i] *= 1 - (float)at / MADE_UP_FADE;
	}
	r->made_up += count;
	r->stats->concealed_samples += (unsigned)count;
	add_samples(r, r->decoded, count);
}

/* Whether the packet, or one shortly before, is not silent by its level. */
static bool
is_loud(struct audio_receiver *r, const struct rtp_packet *rtp, int duration)
{
	uint8_t level;
	bool    voice;

	if (!rtp_extension_audio_level(rtp, r->cfg.level_id, &level, &voice))
		return true;
	if (level < AUDIO_RECEIVER_SILENT_DBOV) {
		/* Cold: what the decoder remembers is another sentence. */
		if (r->loud_left == 0)
			audio_decoder_reset(r->decoder);
		r->loud_left = HANGOVER;
		return true;
	}
	r->loud_left = r->loud_left > duration ? r->loud_left - duration : 0;
	return r->loud_left > 0;
}

static void
play_packet(struct audio_receiver *r, struct packet *packet,
    enum jitter_verdict verdict)
{
	struct rtp_packet rtp;
	int               count;

	if (rtp_packet_parse(&rtp, packet->bytes, packet->len) != 0)
		return;		/* it was parsed when it came */
	count = payload_opus_duration(rtp.payload, rtp.payload_len);
	if (count <= 0)
		return;
	r->playing = true;
	r->duration = count;
	if (!is_loud(r, &rtp, count)) {
		r->made_up = MADE_UP_MAX;	/* nothing to go on from */
		if (verdict == JITTER_SKIP) {
			const int cut = count < AUDIO_FRAME_LEN ? count :
			    AUDIO_FRAME_LEN;

			r->stats->skipped_samples += (unsigned)cut;
			count -= cut;
		}
		add_silence(r, count);
		return;
	}
	count = audio_decoder_decode(r->decoder, rtp.payload,
	    rtp.payload_len, r->decoded);
	if (count <= 0) {
		r->stats->dropped++;
		make_up(r, r->duration);
		return;
	}
	r->stats->decoded++;
	r->made_up = 0;
	if (verdict != JITTER_PACKET)
		count = rescale(r, verdict, count);
	add_samples(r, r->decoded, count);
}

/* The next packet is missing; `next`, when there, follows directly. */
static void
play_lost(struct audio_receiver *r, const struct packet *next)
{
	struct rtp_packet rtp;
	int               count = r->duration;

	if (r->made_up >= MADE_UP_MAX || next == NULL ||
	    rtp_packet_parse(&rtp, next->bytes, next->len) != 0 ||
	    !audio_payload_has_fec(rtp.payload, rtp.payload_len) ||
	    audio_decoder_recover(r->decoder, rtp.payload, rtp.payload_len,
	    r->decoded, count) != count) {
		make_up(r, count);
		return;
	}
	r->made_up = 0;
	r->stats->concealed_samples += (unsigned)count;
	r->stats->recovered_samples += (unsigned)count;
	add_samples(r, r->decoded, count);
}

/* Fetches what the buffer gives until a tick is full. */
static void
fill(struct audio_receiver *r, int64_t now_us)
{
	for (int i = 0; i < PULLS_MAX && r->waiting < AUDIO_FRAME_LEN; i++) {
		/* What is fetched now is heard after all that waits. */
		const int64_t at_us = now_us +
		    (int64_t)r->waiting * 1000 / (AUDIO_RATE_HZ / 1000);
		const struct packet *next = NULL;
		struct packet       *packet = NULL;
		const enum jitter_verdict verdict =
		    jitter_pull(r->jitter, at_us, &packet, &next);

		if (packet) {
			if (packet->captured_us != STREAM_TIME_NONE) {
				r->lag_us = at_us - packet->captured_us;
				r->lag_at_us = at_us;
			}
			play_packet(r, packet, verdict);
			packet_free(&packet);
		} else if (verdict == JITTER_LOST && r->playing) {
			play_lost(r, next);
		} else {
			break;
		}
	}
	if (r->waiting < AUDIO_FRAME_LEN)
		make_up(r, AUDIO_FRAME_LEN - r->waiting);
}

bool
audio_receiver_pull(struct audio_receiver *r, int64_t now_us,
    struct audio_frame *out)
{
	bool sound;

	fill(r, now_us);
	sound = r->sound > 0;
	if (sound)
		memcpy(out->samples, r->samples, sizeof(out->samples));
	r->waiting -= AUDIO_FRAME_LEN;
	r->sound -= r->sound < AUDIO_FRAME_LEN ? r->sound : AUDIO_FRAME_LEN;
	if (r->waiting)
		memmove(r->samples, r->samples + AUDIO_FRAME_LEN,
		    (size_t)r->waiting * sizeof(*r->samples));
	return sound;
}
