/*
 * Pictures that come from a participant: one stream, or the layers of
 * simulcast (RFC 8853), of which one is decoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A layer is listened to, which is depacketised and asked for what is
 * missing, while it is decoded, while it is to be decoded next, and until its
 * size is known. Of all others packets are counted for the reports, no more.
 * The layer that is decoded goes on until a key frame of the next is there.
 */
#include <string.h>

#include "room/room_internal.h"
#include "rtp/rtp_extension.h"
#include "video/bitstream.h"

#define TILE_LESS_US    2000000	/* before it is believed */
/* A layer has stopped when others bring so many pictures meanwhile. */
#define SILENT_PICTURES 10
#define SILENT_US       500000

/* ---- which there are ----------------------------------------------------- */

void
layers_init(struct participant *who)
{
	who->layer_count = who->agreed.video.layer_count;
	layer_choice_init(&who->choice);
	who->layer = who->layer_count ? LAYER_NONE : 0;
	if (who->layer_count == 0)
		who->layer_count = 1;
}

static void
layer_deafen(struct layer *layer)
{
	frame_assembler_free(layer->assembler);
	layer->assembler = NULL;
}

static bool
layer_is_decoded(const struct participant *who, const struct layer *layer)
{
	return who->layer != LAYER_NONE && layer == &who->layers[who->layer];
}

void
layers_clear(struct participant *who)
{
	for (unsigned i = 0; i < LAYERS_MAX; i++) {
		layer_deafen(&who->layers[i]);
		who->layers[i].in.known = false;
	}
}

/* Another line of sequence numbers: begin from nothing. */
void
layers_begin(struct participant *who, struct layer *layer)
{
	layer_deafen(layer);
	if (!layer_is_decoded(who, layer))
		return;
	picture_in_clear(who);
	who->need_key = true;
}

/* By its RtpStreamId; who names none has one stream only. */
static struct layer *
layer_named(struct participant *who, const struct rtp_packet *rtp)
{
	const struct sdp_stream *video = &who->agreed.video;
	size_t                   len;
	const uint8_t           *rid;

	if (video->layer_count == 0)
		return &who->layers[0];
	rid = rtp_extension_find(rtp, video->rid_id, &len);
	for (unsigned i = 0; rid && i < who->layer_count; i++) {
		if (strlen(video->layers[i]) == len &&
		    memcmp(video->layers[i], rid, len) == 0)
			return &who->layers[i];
	}
	return rid || layers_known(who) ? NULL : &who->layers[0];
}

struct layer *
layers_find(struct participant *who, const struct rtp_packet *rtp)
{
	struct layer    *layer;
	enum video_codec codec;

	for (unsigned i = 0; i < who->layer_count; i++) {
		layer = &who->layers[i];
		if (layer->in.known && layer->in.ssrc == rtp->ssrc)
			return layer;
	}
	if (!sdp_stream_coding(&codec, &who->agreed.video, rtp->payload_type))
		return NULL;
	layer = layer_named(who, rtp);
	if (layer == NULL)
		return NULL;
	/* A new SSRC: the first, or the sender began anew. */
	layer->in.known = true;
	layer->in.ssrc = rtp->ssrc;
	rtp_stats_init(&layer->in.stats, 90000);
	stream_clock_init(&layer->clock, 90000);
	layer->bytes_before = 0;
	layer->pixels = 0;
	layers_begin(who, layer);
	return layer;
}

bool
layers_known(const struct participant *who)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		if (who->layers[i].in.known)
			return true;
	}
	return false;
}

uint32_t
layers_ssrc(const struct participant *who)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		if (who->layers[i].in.known)
			return who->layers[i].in.ssrc;
	}
	return 0;
}

uint64_t
layers_bytes(const struct participant *who)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < who->layer_count; i++)
		if (who->layers[i].in.known)
			bytes += who->layers[i].in.stats.bytes;
	return bytes;
}

/* Whether this one has not stopped while others go on. */
static bool
layer_comes(const struct layer *layer, int64_t now_us)
{
	return layer->in.known && layer->heard_us != 0 &&
	    (layer->pictures_since < SILENT_PICTURES ||
	    now_us - layer->heard_us < SILENT_US);
}

/* ---- what the tile needs ------------------------------------------------- */

void
layers_tile(struct participant *who, uint32_t pixels, int64_t now_us)
{
	if (who->tile_pixels == 0 || pixels >= who->tile_pixels) {
		who->tile_pixels = pixels;
		who->tile_less_us = INT64_MAX;
		return;
	}
	who->tile_less = pixels;
	if (who->tile_less_us == INT64_MAX) {
		who->tile_less_us = now_us + TILE_LESS_US;
		room_arm(who->room, who->tile_less_us);
	}
}

int64_t
layers_due(struct participant *who, int64_t now_us)
{
	if (who->tile_less_us <= now_us) {
		who->tile_pixels = who->tile_less;
		who->tile_less_us = INT64_MAX;
	}
	return who->tile_less_us;
}

uint64_t
layers_bps(const struct participant *who)
{
	uint64_t bps = 0;

	for (unsigned i = 0; i < who->layer_count; i++)
		bps += who->layers[i].bps;
	return bps;
}

/*
 * What of the layers is smaller than the tile needs comes too, whether it is
 * decoded or not.
 */
uint64_t
layers_smaller_bps(const struct participant *who)
{
	uint64_t bps = 0;

	if (who->layer_count < 2 || !who->seen)
		return 0;
	for (unsigned i = 0; i < who->layer_count; i++) {
		const struct layer *layer = &who->layers[i];

		if (layer->in.known && layer->pixels != 0 &&
		    !layer_fills(layer->pixels, who->tile_pixels))
			bps += layer->bps;
	}
	return bps;
}

void
layers_measure(struct participant *who, int64_t span_us)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		struct layer  *layer = &who->layers[i];
		const uint64_t bytes = layer->in.stats.bytes;

		/* Of a line that began anew it begins at nothing. */
		if (bytes < layer->bytes_before)
			layer->bytes_before = 0;
		layer->bps = span_us > 0 ? (bytes - layer->bytes_before) *
		    8000000 / (uint64_t)span_us : 0;
		layer->bytes_before = bytes;
	}
}

/* ---- key frames ---------------------------------------------------------- */

void
layers_want_key(struct participant *who, int64_t now_us)
{
	int64_t soonest = who->pli_last_us + who->pli_gap_us;

	if (soonest < who->paused_us)
		soonest = who->paused_us;
	if (!who->agreed.video.receive || !layers_known(who) ||
	    who->pli_due_us != INT64_MAX)
		return;
	who->pli_due_us = soonest > now_us ? soonest : now_us;
	room_arm(who->room, who->pli_due_us);
}

void
layers_pause(struct participant *who, int64_t now_us)
{
	log_warn(&who->log, "pictures cost too much: not decoded for %d s",
	    DECODE_BUDGET_PAUSE_US / 1000000);
	who->paused_us = now_us + DECODE_BUDGET_PAUSE_US;
	who->need_key = true;
	who->pli_due_us = INT64_MAX;
	layers_want_key(who, now_us);
}

/* The one that is to be decoded; LAYER_NONE while nothing is known. */
static unsigned
layer_target(const struct participant *who)
{
	return who->layer_count == 1 ? 0 : who->choice.target;
}

bool
layers_wants_key_of(const struct participant *who, unsigned i)
{
	const struct layer *layer = &who->layers[i];
	const unsigned      target = layer_target(who);

	return layer->in.known && (target == LAYER_NONE || i == target ||
	    (layer->assembler && layer->pixels == 0));
}

/* ---- listening ----------------------------------------------------------- */

/* Nobody looks, nothing to be shown, or it costs too much. */
bool
layers_are_decoded(const struct participant *who, int64_t now_us)
{
	return who->room->viewers > 0 && who->seen && who->camera &&
	    now_us >= who->paused_us;
}

static void
layers_choose(struct participant *who, int64_t now_us)
{
	struct layer_sight sights[LAYERS_MAX];
	const unsigned     before = who->choice.target;
	unsigned           target;

	/* Until it is known what is needed, the first one will do. */
	if (who->layer_count < 2 || who->tile_pixels == 0)
		return;
	for (unsigned i = 0; i < who->layer_count; i++)
		sights[i] = (struct layer_sight) {
			.comes = layer_comes(&who->layers[i], now_us),
			.pixels = who->layers[i].pixels,
		};
	target = layer_choice_look(&who->choice, sights, who->layer_count,
	    who->tile_pixels, now_us);
	if (target == before)
		return;
	if (target != who->layer)
		layers_want_key(who, now_us);
	else if (!who->need_key)
		who->pli_due_us = INT64_MAX;	/* he has it already */
}

/* Listens to what is of use, and to nothing else. */
static void
layers_tune(struct participant *who, int64_t now_us)
{
	const bool     any = layers_are_decoded(who, now_us);
	const unsigned target = layer_target(who);

	for (unsigned i = 0; i < who->layer_count; i++) {
		struct layer *layer = &who->layers[i];
		const bool    use = any && layer->in.known &&
		    (i == who->layer || i == target || layer->pixels == 0);

		if (use == (layer->assembler != NULL))
			continue;
		layers_begin(who, layer);
		if (!use)
			continue;
		nack_init(&layer->nack);
		/* Without memory: with the next packet again. */
		(void)frame_assembler_new(&layer->assembler);
	}
}

/* ---- packets and frames -------------------------------------------------- */

/* A key frame tells its size; when that is new, others have changed alike. */
static void
layer_measured(struct participant *who, struct layer *layer,
    const struct rtp_frame *frame)
{
	struct bitstream_info info;
	const uint32_t        before = layer->pixels;
	uint64_t              pixels;

	if (bitstream_read(&info, frame->codec, frame->data, frame->len) ||
	    info.width <= 0 || info.height <= 0)
		return;
	pixels = (uint64_t)info.width * (uint64_t)info.height;
	layer->pixels = pixels < UINT32_MAX ? (uint32_t)pixels : UINT32_MAX;
	if (before == 0 || before == layer->pixels)
		return;
	for (unsigned i = 0; i < who->layer_count; i++) {
		struct layer *other = &who->layers[i];

		if (other != layer)
			other->pixels = layer_scaled(other->pixels, before,
			    layer->pixels);
	}
}

/* Whether this layer is the one that is decoded, from this frame on. */
static bool
layer_is_taken(struct participant *who, unsigned i,
    const struct rtp_frame *frame, int64_t now_us)
{
	if (i == who->layer)
		return true;
	if (!frame->key || (i != layer_target(who) &&
	    who->layer != LAYER_NONE &&
	    layer_comes(&who->layers[who->layer], now_us)))
		return false;
	log_debug(&who->log, "decodes layer %s of %u pixels",
	    who->agreed.video.layers[i], who->layers[i].pixels);
	who->layer = i;
	return true;
}

static void
layer_frame(struct participant *who, unsigned i,
    const struct rtp_frame *frame, int64_t now_us)
{
	struct layer *layer = &who->layers[i];

	if (frame->key) {
		nack_forget_before(&layer->nack, frame->first_sequence);
		layer_measured(who, layer, frame);
		layers_choose(who, now_us);
	}
	if (!layer_is_taken(who, i, frame, now_us))
		return;
	if (frame->key && (i == layer_target(who) ||
	    layer_target(who) == LAYER_NONE)) {
		who->pli_due_us = INT64_MAX;
		who->pli_gap_us = PLI_GAP_MIN_US;
	}
	if (room_load_is_still(who) && now_us < who->still_us) {
		who->need_key = true;
		return;
	}
	if (who->need_key && !frame->key) {
		layers_want_key(who, now_us);
		return;
	}
	who->still_us = now_us + ROOM_STILL_US;
	picture_in_take(who, frame, stream_clock_wall_us(&layer->clock,
	    frame->timestamp), now_us);
}

static void
layer_frames(struct participant *who, unsigned i, int64_t now_us)
{
	struct layer      *layer = &who->layers[i];
	struct rtp_frame   frame;
	enum frame_verdict verdict;

	while ((verdict = frame_assembler_pull(layer->assembler, &frame)) !=
	    FRAME_MORE) {
		if (verdict == FRAME_READY) {
			layer_frame(who, i, &frame, now_us);
			continue;
		}
		if (i == who->layer)
			who->need_key = true;
		layers_want_key(who, now_us);
	}
}

void
layers_lost(struct participant *who, struct layer *layer, int64_t now_us)
{
	frame_assembler_give_up(layer->assembler);
	if (layer_is_decoded(who, layer))
		who->need_key = true;
	layers_want_key(who, now_us);
}

static void
layer_heard(struct participant *who, struct layer *layer,
    const struct rtp_packet *rtp, int64_t now_us)
{
	if (rtp->payload_len == 0)
		return;
	layer->heard_us = now_us;
	layer->pictures_since = 0;
	for (unsigned i = 0; rtp->marker && i < who->layer_count; i++)
		if (&who->layers[i] != layer)
			who->layers[i].pictures_since++;
}

void
layers_received(struct participant *who, struct layer *layer,
    const struct rtp_packet *rtp, int64_t arrival_us, int64_t now_us)
{
	enum video_codec codec;

	/* RTX and unknown payload types: counted for TWCC, else not ours. */
	if (!sdp_stream_coding(&codec, &who->agreed.video, rtp->payload_type))
		return;
	layer_heard(who, layer, rtp, now_us);
	layers_choose(who, now_us);
	layers_tune(who, now_us);
	if (layer->assembler == NULL)
		return;
	if (nack_received(&layer->nack, rtp->sequence, now_us))
		layers_lost(who, layer, now_us);
	frame_assembler_push(layer->assembler, codec, rtp, arrival_us);
	layer_frames(who, (unsigned)(layer - who->layers), now_us);
	layers_tune(who, now_us);
	if (layer->assembler)
		room_arm(who->room, nack_next_us(&layer->nack, who->rtt_us));
}
