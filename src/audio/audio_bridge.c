/*
 * The tick of a room's sound.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/audio_bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/active_speaker.h"
#include "audio/audio_level.h"
#include "audio/audio_mix.h"
#include "audio/audio_receiver.h"
#include "audio/limiter.h"
#include "rtp/stream_sync.h"
#include "util/xalloc.h"

#define COMPLEXITY 5
#define SILENCE    1e-4f	/* -80 dB */

/* What a quality is: rate (0: the room's), FEC for this loss, ticks, DTX. */
static const struct way {
	uint32_t bps;
	int      loss_percent;
	unsigned span;
	bool     dtx;
} ways[AUDIO_QUALITIES] = {
	[AUDIO_PLAIN] = { 0, 0, 1, false },
	[AUDIO_FEC] = { 0, 10, 1, false },
	[AUDIO_LEAN] = { AUDIO_LEAN_BPS, 25, 1, false },
	[AUDIO_THIN] = { AUDIO_THIN_BPS, 15, AUDIO_SPAN_MAX, true },
	[AUDIO_LEAST] = { AUDIO_LEAST_BPS, 0, AUDIO_SPAN_MAX, true },
};

struct leg {
	struct audio_leg_config cfg;
	struct audio_receiver *receiver;
	bool                   sound;	/* `frame` holds this tick's */
	struct audio_frame     frame;
	struct outlet         *private;	/* while heard, if it listens */
	enum audio_quality     quality;
	enum audio_quality     wanted;	/* the quality, soon */
	bool                   going;	/* got its last payload, no silence */
};

/* One coded stream. */
struct outlet {
	bool                  taken;
	bool                  quiet;	/* the last payload was silence */
	struct audio_encoder *encoder;	/* made when first needed */
	enum audio_quality    quality;
	struct limiter        limiter;
	float                 held[AUDIO_SPAN_MAX * AUDIO_FRAME_LEN];
	uint8_t               payload[AUDIO_PAYLOAD_MAX];
};

struct audio_bridge {
	uint32_t                    bps;
	uint32_t                    rtp_time;
	unsigned                    phase;	/* tick of a packet of three */
	struct audio_bridge_out     sink;
	struct active_speaker      *speakers;
	struct audio_receiver_stats received;
	struct audio_bridge_stats   stats;
	struct outlet               shared[AUDIO_QUALITIES];
	struct outlet               private[AUDIO_HEARD_MAX];
	struct audio_frame          sum;
	unsigned                    legs_end;	/* none is in use from here */
	struct leg                 *legs[AUDIO_LEGS_MAX];
};

static void
outlet_tune(struct audio_bridge *b, struct outlet *o,
    enum audio_quality quality)
{
	const struct way *way = &ways[quality];

	o->quality = quality;
	audio_encoder_set_rate(o->encoder, way->bps != 0 &&
	    way->bps < b->bps ? way->bps : b->bps);
	audio_encoder_set_loss(o->encoder, way->loss_percent);
	audio_encoder_set_dtx(o->encoder, false);
	o->quiet = false;
}

/* A stream begins. Returns 0 or -ENOMEM. */
static int
outlet_open(struct audio_bridge *b, struct outlet *o,
    enum audio_quality quality)
{
	if (o->encoder)
		audio_encoder_reset(o->encoder);
	else if (audio_encoder_new(&o->encoder, b->bps, COMPLEXITY) != 0)
		return -ENOMEM;
	outlet_tune(b, o, quality);
	limiter_init(&o->limiter);
	memset(o->held, 0, sizeof(o->held));
	o->taken = true;
	return 0;
}

int
audio_bridge_new(struct audio_bridge **out, uint32_t bps, uint32_t rtp_base,
    const struct audio_bridge_out *sink)
{
	struct audio_bridge *b = xcalloc(1, sizeof(*b));
	int                  err;

	b->bps = bps;
	b->rtp_time = rtp_base;
	b->sink = *sink;
	err = active_speaker_new(&b->speakers, AUDIO_LEGS_MAX,
	    AUDIO_HEARD_MAX);
	if (err)
		goto fail;
	err = outlet_open(b, &b->shared[AUDIO_PLAIN], AUDIO_PLAIN);
	if (err)
		goto fail;
	*out = b;
	return 0;

fail:
	audio_bridge_free(b);
	return err;
}

void
audio_bridge_free(struct audio_bridge *b)
{
	if (b == NULL)
		return;
	for (unsigned i = 0; i < AUDIO_LEGS_MAX; i++)
		audio_bridge_remove(b, i);
	for (unsigned i = 0; i < AUDIO_HEARD_MAX; i++)
		audio_encoder_free(b->private[i].encoder);
	for (unsigned i = 0; i < AUDIO_QUALITIES; i++)
		audio_encoder_free(b->shared[i].encoder);
	active_speaker_free(b->speakers);
	free(b);
}

int
audio_bridge_add(struct audio_bridge *b, unsigned leg,
    const struct audio_leg_config *cfg)
{
	const struct audio_receiver_config receive = {
		.payload_type = cfg->payload_type,
		.level_id = cfg->level_id,
	};
	struct leg *l;
	int         err;

	if (leg >= AUDIO_LEGS_MAX)
		return -EINVAL;
	if (b->legs[leg])
		return -EBUSY;
	l = xcalloc(1, sizeof(*l));
	l->cfg = *cfg;
	if (cfg->sends) {
		err = audio_receiver_new(&l->receiver, &receive,
		    &b->received);
		if (err) {
			free(l);
			return err;
		}
	}
	b->legs[leg] = l;
	if (leg >= b->legs_end)
		b->legs_end = leg + 1;
	return 0;
}

static void
outlet_release(struct leg *l)
{
	if (l->private)
		l->private->taken = false;
	l->private = NULL;
}

void
audio_bridge_remove(struct audio_bridge *b, unsigned leg)
{
	struct leg *l;

	if (leg >= AUDIO_LEGS_MAX || b->legs[leg] == NULL)
		return;
	l = b->legs[leg];
	outlet_release(l);
	active_speaker_remove(b->speakers, leg);
	audio_receiver_free(l->receiver);
	free(l);
	b->legs[leg] = NULL;
	while (b->legs_end > 0 && b->legs[b->legs_end - 1] == NULL)
		b->legs_end--;
}

void
audio_bridge_set_quality(struct audio_bridge *b, unsigned leg,
    enum audio_quality quality)
{
	if (leg < AUDIO_LEGS_MAX && b->legs[leg] && quality < AUDIO_QUALITIES)
		b->legs[leg]->wanted = quality;
}

void
audio_bridge_push(struct audio_bridge *b, unsigned leg, struct packet *packet)
{
	struct leg *l = leg < AUDIO_LEGS_MAX ? b->legs[leg] : NULL;

	if (l == NULL || l->receiver == NULL) {
		b->received.dropped++;
		packet_free(&packet);
		return;
	}
	audio_receiver_push(l->receiver, packet);
}

void
audio_bridge_set_wait(struct audio_bridge *b, unsigned leg, int64_t wait_us)
{
	if (leg < AUDIO_LEGS_MAX && b->legs[leg] && b->legs[leg]->receiver)
		audio_receiver_set_wait(b->legs[leg]->receiver, wait_us);
}

int64_t
audio_bridge_lag_us(const struct audio_bridge *b, unsigned leg,
    int64_t now_us)
{
	if (leg >= AUDIO_LEGS_MAX || b->legs[leg] == NULL ||
	    b->legs[leg]->receiver == NULL)
		return STREAM_TIME_NONE;
	return audio_receiver_lag_us(b->legs[leg]->receiver, now_us);
}

/* Fetches everybody's frame and measures it. */
static void
receive_all(struct audio_bridge *b, int64_t now_us)
{
	for (unsigned i = 0; i < b->legs_end; i++) {
		struct leg *l = b->legs[i];
		float       level;

		if (l == NULL || l->receiver == NULL)
			continue;
		l->sound = audio_receiver_pull(l->receiver, now_us,
		    &l->frame);
		if (!l->sound)
			continue;
		level = audio_level_measure(&l->frame);
		active_speaker_level(b->speakers, i, level);
	}
}

/* An encoder for one who begins to be heard. NULL leaves him the shared one. */
static struct outlet *
outlet_take(struct audio_bridge *b, enum audio_quality quality)
{
	for (unsigned i = 0; i < AUDIO_HEARD_MAX; i++) {
		struct outlet *o = &b->private[i];

		if (o->taken)
			continue;
		if (outlet_open(b, o, quality) != 0)
			return NULL;
		/* He was not in the mix until now, so it was his, too. */
		memcpy(o->held, b->shared[quality].held, sizeof(o->held));
		return o;
	}
	return NULL;
}

/* Who is heard goes into the sum and gets an outlet of his own. */
static void
mix(struct audio_bridge *b)
{
	audio_mix_clear(&b->sum);
	for (unsigned i = 0; i < b->legs_end; i++) {
		struct leg *l = b->legs[i];

		if (l == NULL)
			continue;
		if (!active_speaker_heard(b->speakers, i)) {
			outlet_release(l);
			l->sound = false;
			continue;
		}
		if (l->sound)
			audio_mix_add(&b->sum, &l->frame);
	}
	for (unsigned i = 0; i < b->legs_end; i++) {
		struct leg *l = b->legs[i];

		if (l && l->cfg.listens && l->private == NULL &&
		    active_speaker_heard(b->speakers, i))
			l->private = outlet_take(b, l->quality);
	}
}

static bool
is_silent(const float *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (samples[i] > SILENCE || samples[i] < -SILENCE)
			return false;
	return true;
}

/* Of payloads of silence the first; it tells what those not sent are. */
static size_t
worth_sending(struct outlet *o, size_t len)
{
	const bool before = o->quiet;

	o->quiet = ways[o->quality].dtx && len <= AUDIO_DTX_BYTES;
	return o->quiet && before ? 0 : len;
}

/*
 * Limits, and encodes when the packet is full; returns bytes in o->payload, 0
 * for none.
 */
static size_t
encode(struct audio_bridge *b, struct outlet *o, struct audio_frame *frame)
{
	const unsigned span = ways[o->quality].span;
	const unsigned at = b->phase % span;
	int            len;

	limiter_run(&o->limiter, frame);
	b->stats.encoders++;
	if (span == 1) {
		len = audio_encoder_encode(o->encoder, frame, o->payload);
		return len > 0 ? (size_t)len : 0;
	}
	memcpy(o->held + (size_t)at * AUDIO_FRAME_LEN, frame->samples,
	    sizeof(frame->samples));
	if (at + 1 < span)
		return 0;
	/* By itself Opus takes a steady tone for silence, too. */
	if (ways[o->quality].dtx)
		audio_encoder_set_dtx(o->encoder, is_silent(o->held,
		    (size_t)span * AUDIO_FRAME_LEN));
	len = audio_encoder_encode_long(o->encoder, o->held, span,
	    o->payload);
	return len > 0 ? worth_sending(o, (size_t)len) : 0;
}

static void
emit(struct audio_bridge *b, unsigned leg, const struct outlet *o, size_t len)
{
	struct leg          *l = b->legs[leg];
	const unsigned       frames = ways[o->quality].span;
	struct audio_payload payload = {
		.bytes = o->payload,
		.len = len,
		.frames = frames,
		.rtp_time = b->rtp_time - (frames - 1) * AUDIO_FRAME_LEN,
		.talk_start = !l->going,
	};

	if (len == 0)
		return;
	l->going = !o->quiet;
	b->sink.payload(b->sink.to, leg, &payload);
}

static void
send_private(struct audio_bridge *b)
{
	struct audio_frame minus;

	for (unsigned i = 0; i < b->legs_end; i++) {
		struct leg *l = b->legs[i];

		if (l == NULL || l->private == NULL)
			continue;
		if (l->sound)
			audio_mix_minus(&minus, &b->sum, &l->frame);
		else
			minus = b->sum;
		emit(b, i, l->private, encode(b, l->private, &minus));
	}
}

/*
 * The shared stream of one quality. That of long packets goes on while anybody
 * listens in it, so that who falls silent finds it whole.
 */
static void
send_shared(struct audio_bridge *b, enum audio_quality quality)
{
	struct audio_frame whole = b->sum;
	struct outlet     *o = &b->shared[quality];
	bool               encoded = false;
	size_t             len = 0;

	for (unsigned i = 0; i < b->legs_end; i++) {
		const struct leg *l = b->legs[i];

		if (l == NULL || !l->cfg.listens || l->quality != quality ||
		    (l->private && ways[quality].span == 1))
			continue;
		if (!encoded && !o->taken && outlet_open(b, o, quality) != 0)
			return;
		if (!encoded)
			len = encode(b, o, &whole);
		encoded = true;
		if (l->private == NULL)
			emit(b, i, o, len);
	}
	o->taken = encoded;
}

/* Qualities change where long packets begin, so that no sample is sent twice. */
static void
change_qualities(struct audio_bridge *b)
{
	for (unsigned i = 0; i < AUDIO_LEGS_MAX; i++) {
		struct leg *l = b->legs[i];

		if (l == NULL || l->quality == l->wanted)
			continue;
		l->quality = l->wanted;
		if (l->private)
			outlet_tune(b, l->private, l->quality);
	}
}

void
audio_bridge_tick(struct audio_bridge *b, int64_t now_us)
{
	bool            changed;
	const unsigned *list;
	unsigned        count;

	if (b->phase == 0)
		change_qualities(b);
	receive_all(b, now_us);
	changed = active_speaker_tick(b->speakers);
	mix(b);
	b->stats.encoders = 0;
	send_private(b);
	for (unsigned i = 0; i < AUDIO_QUALITIES; i++)
		send_shared(b, (enum audio_quality)i);
	b->rtp_time += AUDIO_FRAME_LEN;
	b->phase = (b->phase + 1) % AUDIO_SPAN_MAX;
	if (changed) {
		list = active_speaker_list(b->speakers, &count);
		b->sink.speaking(b->sink.to, list, count);
	}
	b->stats.decoded = b->received.decoded;
	b->stats.dropped = b->received.dropped;
	b->stats.concealed = b->received.concealed_samples / AUDIO_FRAME_LEN;
	b->stats.recovered = b->received.recovered_samples / AUDIO_FRAME_LEN;
}

const struct audio_bridge_stats *
audio_bridge_stats(const struct audio_bridge *b)
{
	return &b->stats;
}
