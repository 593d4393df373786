/*
 * Frames put together from the packets of one received stream (the contract
 * is in frame_assembler.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *        low                      highest
 *   given  | frame | frame | . | key frame |        a ring of 512 sequences
 *    out   |  complete     |gap|  complete |
 *
 * Frames are given out at `low`. At a gap they wait, unless a complete key
 * frame stands behind it. Without continuity (waiting_key) only a complete
 * key frame goes out. Slots keep payloads as they came; the codec's format
 * says what they are, and appends them when their frame is complete.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/frame_assembler.h"
#include "rtp/payload_format.h"
#include "util/packet.h"

#define SLOTS FRAME_PACKETS_MAX
#define GROWTH_MAX ((FRAME_UNITS_MAX + 1) * PAYLOAD_UNIT_GROWTH)

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "sequences are masked");
_Static_assert(SLOTS * PACKET_CAPACITY + GROWTH_MAX <= FRAME_LEN_MAX,
    "a frame of all packets is within the limit");

/* The payload of one packet. */
struct piece {
	struct piece *next;		/* the free list */
	uint8_t       bytes[PACKET_CAPACITY];
};

enum slot_kind {
	SLOT_MISSING,
	SLOT_EMPTY,			/* padding, or a layer not taken */
	SLOT_BROKEN,			/* came, but is none of its codec */
	SLOT_PIECE,
};

struct slot {
	enum slot_kind   kind;
	enum video_codec codec;
	struct payload_sight sight;
	bool             marker;
	uint32_t         timestamp;
	int64_t          arrival_us;
	struct piece    *piece;
	size_t           len;
};

struct frame_assembler {
	struct rtp_unwrap unwrap;
	bool              started;
	bool              waiting_key;
	bool              ask;		/* a key frame is to be asked for */
	bool              parameters;	/* were in a frame given out */
	int64_t           low;		/* all before is given out or lost */
	int64_t           highest;
	unsigned          key_starts;	/* slots that may start a key frame */
	struct piece     *free;		/* made as first needed, then kept */
	uint8_t          *frame;
	size_t            frame_size;
	struct slot       slots[SLOTS];
};

/* A run of packets that may be a frame. */
struct span {
	enum { SPAN_COMPLETE, SPAN_MISSING, SPAN_BROKEN } state;
	bool     key;
	bool     parameters;
	int64_t  end;			/* one past; where it failed */
	size_t   len;
	unsigned units;
	int64_t  arrival_us;
};

static const struct payload_format *const formats[VIDEO_CODECS] = {
	[VIDEO_VP8] = &payload_vp8_format,
	[VIDEO_H264] = &payload_h264_format,
	[VIDEO_VP9] = &payload_vp9_format,
	[VIDEO_AV1] = &payload_av1_format,
};

static struct slot *
slot_of(struct frame_assembler *a, int64_t sequence)
{
	return &a->slots[(uint64_t)sequence % SLOTS];
}

int
frame_assembler_new(struct frame_assembler **out)
{
	struct frame_assembler *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->waiting_key = true;
	*out = a;
	return 0;
}

void
frame_assembler_free(struct frame_assembler *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(a->slots[i].piece);
	while (a->free) {
		struct piece *next = a->free->next;

		free(a->free);
		a->free = next;
	}
	free(a->frame);
	free(a);
}

static bool
may_start_key(const struct slot *slot)
{
	return slot->sight.start &&
	    (slot->sight.parameters || slot->sight.intra);
}

static void
clear_slot(struct frame_assembler *a, int64_t sequence)
{
	struct slot *slot = slot_of(a, sequence);

	if (slot->piece) {
		slot->piece->next = a->free;
		a->free = slot->piece;
	}
	a->key_starts -= may_start_key(slot);
	memset(slot, 0, sizeof(*slot));
}

/* Everything before `low` is done with. */
static void
raise_low(struct frame_assembler *a, int64_t low)
{
	if (low - a->low >= SLOTS)
		a->low = low - SLOTS;
	while (a->low < low)
		clear_slot(a, a->low++);
}

static void
lose_continuity(struct frame_assembler *a)
{
	a->waiting_key = true;
	a->ask = true;
}

/* Makes room for a new highest sequence; what falls out is lost. */
static void
raise_highest(struct frame_assembler *a, int64_t sequence)
{
	if (sequence - a->low >= SLOTS) {
		if (!a->waiting_key)
			lose_continuity(a);
		raise_low(a, sequence - SLOTS + 1);
	}
	a->highest = sequence;
}

static struct piece *
take_piece(struct frame_assembler *a)
{
	struct piece *piece = a->free;

	if (piece)
		a->free = piece->next;
	else
		piece = malloc(sizeof(*piece));
	return piece;
}

static void
fill_slot(struct frame_assembler *a, struct slot *slot, enum video_codec codec,
    const struct rtp_packet *packet)
{
	struct payload_sight sight;

	slot->codec = codec;
	slot->timestamp = packet->timestamp;
	slot->marker = packet->marker;
	slot->kind = SLOT_EMPTY;
	if (packet->payload_len == 0)
		return;
	slot->kind = SLOT_BROKEN;
	if (packet->payload_len > PACKET_CAPACITY || formats[codec]->look(
	    &sight, packet->payload, packet->payload_len) != 0)
		return;
	if (sight.skip) {
		slot->kind = SLOT_EMPTY;
		return;
	}
	slot->piece = take_piece(a);
	if (slot->piece == NULL)
		return;
	slot->kind = SLOT_PIECE;
	slot->sight = sight;
	slot->len = packet->payload_len;
	memcpy(slot->piece->bytes, packet->payload, packet->payload_len);
	a->key_starts += may_start_key(slot);
	if (sight.delta && a->waiting_key)
		a->ask = true;
}

void
frame_assembler_push(struct frame_assembler *a, enum video_codec codec,
    const struct rtp_packet *packet, int64_t arrival_us)
{
	const int64_t sequence = rtp_unwrap_sequence(&a->unwrap,
	    packet->sequence);
	struct slot  *slot = slot_of(a, sequence);

	if (!a->started) {
		a->started = true;
		a->highest = sequence;
		/* Those before it may still come, reordered. */
		a->low = sequence - SLOTS + 1;
	}
	if (sequence < a->low)
		return;
	if (sequence > a->highest)
		raise_highest(a, sequence);
	if (slot->kind != SLOT_MISSING)
		return;			/* a duplicate */
	slot->arrival_us = arrival_us;
	fill_slot(a, slot, codec, packet);
}

/* A key frame has its parameters with it, or they came before. */
static void
span_add(const struct frame_assembler *a, struct span *span,
    const struct slot *slot)
{
	const struct payload_sight *sight = &slot->sight;

	span->len += slot->len;
	span->units += sight->units;
	span->parameters |= sight->parameters;
	if (sight->intra)
		span->key |= span->parameters || a->parameters;
	if (slot->arrival_us > span->arrival_us)
		span->arrival_us = slot->arrival_us;
}

/* A frame ends with its marker, or where the next time stamp begins. */
static struct span
measure(struct frame_assembler *a, int64_t first)
{
	const struct slot *begin = slot_of(a, first);
	struct span        span = { .state = SPAN_MISSING, .end = first };

	for (; span.end <= a->highest; span.end++) {
		const struct slot *slot = slot_of(a, span.end);

		if (slot->kind == SLOT_MISSING)
			return span;
		if (slot->timestamp != begin->timestamp) {
			span.state = SPAN_COMPLETE;
			return span;
		}
		if (slot->kind == SLOT_BROKEN || slot->codec != begin->codec ||
		    (slot == begin && !slot->sight.start)) {
			span.state = SPAN_BROKEN;
			return span;
		}
		span_add(a, &span, slot);
		if (span.units > FRAME_UNITS_MAX) {
			span.state = SPAN_BROKEN;
			return span;
		}
		if (slot->marker || slot->sight.end) {
			span.state = SPAN_COMPLETE;
			span.end++;
			return span;
		}
	}
	return span;
}

/*
 * Where a run failed no later start in it can succeed, and none within a
 * frame that is whole, so one pass does.
 */
static bool
find_key(struct frame_assembler *a, int64_t *first, struct span *span)
{
	int64_t at = a->low;

	if (a->key_starts == 0)
		return false;
	while (at <= a->highest) {
		if (!may_start_key(slot_of(a, at))) {
			at++;
			continue;
		}
		*span = measure(a, at);
		if (span->state == SPAN_COMPLETE && span->key) {
			*first = at;
			return true;
		}
		at = span->end + (span->state != SPAN_COMPLETE);
	}
	return false;
}

/* The frame's length; 0 when there is no memory, or its parts do not fit. */
static size_t
gather(struct frame_assembler *a, const struct span *span)
{
	const size_t         size = span->len + GROWTH_MAX;
	struct frame_builder b = { .open = false };

	if (a->frame_size < size) {
		free(a->frame);
		a->frame = malloc(size);
		a->frame_size = a->frame ? size : 0;
		if (a->frame == NULL)
			return 0;
	}
	b.out = writer_of(a->frame, a->frame_size);
	for (int64_t i = a->low; i < span->end; i++) {
		const struct slot *slot = slot_of(a, i);

		if (slot->kind == SLOT_PIECE && !formats[slot->codec]->append(
		    &b, slot->piece->bytes, slot->len))
			return 0;
	}
	return b.open ? 0 : writer_len(&b.out);
}

static enum frame_verdict
give_out(struct frame_assembler *a, const struct span *span,
    struct rtp_frame *out)
{
	const struct slot *first = slot_of(a, a->low);
	const size_t       len = gather(a, span);

	if (len == 0) {
		raise_low(a, span->end);
		lose_continuity(a);
		a->ask = false;
		return FRAME_NEED_KEY;
	}
	*out = (struct rtp_frame) {
		.codec = first->codec,
		.data = a->frame,
		.len = len,
		.key = span->key,
		.timestamp = first->timestamp,
		.arrival_us = span->arrival_us,
		.first_sequence = (uint16_t)a->low,
	};
	a->parameters |= span->parameters;
	raise_low(a, span->end);
	a->waiting_key = false;
	a->ask = false;
	return FRAME_READY;
}

enum frame_verdict
frame_assembler_pull(struct frame_assembler *a, struct rtp_frame *out)
{
	struct span span;
	int64_t     first;

	if (!a->started)
		return FRAME_MORE;
	if (!a->waiting_key) {
		while (a->low <= a->highest &&
		    slot_of(a, a->low)->kind == SLOT_EMPTY)
			raise_low(a, a->low + 1);
		span = measure(a, a->low);
		if (span.state == SPAN_COMPLETE)
			return give_out(a, &span, out);
		if (span.state == SPAN_BROKEN)
			lose_continuity(a);
	}
	if (find_key(a, &first, &span)) {
		raise_low(a, first);
		return give_out(a, &span, out);
	}
	if (!a->ask)
		return FRAME_MORE;
	a->ask = false;
	return FRAME_NEED_KEY;
}

void
frame_assembler_give_up(struct frame_assembler *a)
{
	lose_continuity(a);
}
