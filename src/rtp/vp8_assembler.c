/*
 * Frames of VP8 put together from the packets of one received stream (the
 * contract is in payload_vp8.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *        low                      highest
 *   given  | frame | frame | . | key frame |        a ring of 512 sequences
 *    out   |  complete     |gap|  complete |
 *
 * Frames are given out at `low`. At a gap they wait, unless a complete key
 * frame stands behind it. Without continuity (waiting_key) only a complete
 * key frame goes out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/payload_vp8.h"
#include "util/packet.h"

#define SLOTS PAYLOAD_VP8_PACKETS_MAX

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "sequences are masked");
_Static_assert(SLOTS * PACKET_CAPACITY <= PAYLOAD_VP8_FRAME_MAX,
    "a frame of all packets is within the limit");

/* Bytes of one packet, without its descriptor. */
struct piece {
	struct piece *next;		/* the free list */
	uint8_t       bytes[PACKET_CAPACITY];
};

enum slot_kind {
	SLOT_MISSING,
	SLOT_EMPTY,			/* padding only: nothing to decode */
	SLOT_BROKEN,			/* came, but is no VP8 */
	SLOT_PIECE,
};

struct slot {
	enum slot_kind kind;
	bool           start, key, marker;
	uint32_t       timestamp;
	int64_t        arrival_us;
	struct piece  *piece;
	size_t         len;
};

struct vp8_assembler {
	struct rtp_unwrap unwrap;
	bool              started;
	bool              waiting_key;
	bool              ask;		/* a key frame is to be asked for */
	int64_t           low;		/* all before is given out or lost */
	int64_t           highest;
	unsigned          key_starts;	/* slots that start a key frame */
	struct piece     *free;		/* made as first needed, then kept */
	uint8_t          *frame;
	size_t            frame_size;
	struct slot       slots[SLOTS];
};

/* A run of packets that may be a frame. */
struct span {
	enum { SPAN_COMPLETE, SPAN_MISSING, SPAN_BROKEN } state;
	int64_t end;			/* one past; where it failed */
	size_t  len;
	int64_t arrival_us;
};

static struct slot *
slot_of(struct vp8_assembler *a, int64_t sequence)
{
	return &a->slots[(uint64_t)sequence % SLOTS];
}

int
vp8_assembler_new(struct vp8_assembler **out)
{
	struct vp8_assembler *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->waiting_key = true;
	*out = a;
	return 0;
}

void
vp8_assembler_free(struct vp8_assembler *a)
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

static void
clear_slot(struct vp8_assembler *a, int64_t sequence)
{
	struct slot *slot = slot_of(a, sequence);

	if (slot->piece) {
		slot->piece->next = a->free;
		a->free = slot->piece;
	}
	if (slot->start && slot->key)
		a->key_starts--;
	memset(slot, 0, sizeof(*slot));
}

/* Everything before `low` is done with. */
static void
raise_low(struct vp8_assembler *a, int64_t low)
{
	if (low - a->low >= SLOTS)
		a->low = low - SLOTS;
	while (a->low < low)
		clear_slot(a, a->low++);
}

static void
lose_continuity(struct vp8_assembler *a)
{
	a->waiting_key = true;
	a->ask = true;
}

/* Makes room for a new highest sequence; what falls out is lost. */
static void
raise_highest(struct vp8_assembler *a, int64_t sequence)
{
	if (sequence - a->low >= SLOTS) {
		if (!a->waiting_key)
			lose_continuity(a);
		raise_low(a, sequence - SLOTS + 1);
	}
	a->highest = sequence;
}

static struct piece *
take_piece(struct vp8_assembler *a)
{
	struct piece *piece = a->free;

	if (piece)
		a->free = piece->next;
	else
		piece = malloc(sizeof(*piece));
	return piece;
}

static void
fill_slot(struct vp8_assembler *a, struct slot *slot,
    const struct rtp_packet *packet)
{
	struct payload_vp8 vp8;

	slot->timestamp = packet->timestamp;
	slot->marker = packet->marker;
	slot->kind = SLOT_EMPTY;
	if (packet->payload_len == 0)
		return;
	slot->kind = SLOT_BROKEN;
	if (payload_vp8_parse(&vp8, packet->payload, packet->payload_len) != 0 ||
	    vp8.data_len > PACKET_CAPACITY)
		return;
	slot->piece = take_piece(a);
	if (slot->piece == NULL)
		return;
	slot->kind = SLOT_PIECE;
	slot->start = vp8.start;
	slot->key = vp8.start && payload_vp8_is_key(vp8.data, vp8.data_len);
	slot->len = vp8.data_len;
	memcpy(slot->piece->bytes, vp8.data, vp8.data_len);
	if (slot->key)
		a->key_starts++;
	else if (slot->start && a->waiting_key)
		a->ask = true;
}

void
vp8_assembler_push(struct vp8_assembler *a, const struct rtp_packet *packet,
    int64_t arrival_us)
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
	fill_slot(a, slot, packet);
}

/* A frame ends with its marker, or where the next time stamp begins. */
static struct span
measure(struct vp8_assembler *a, int64_t first)
{
	struct span    span = { SPAN_MISSING, first, 0, 0 };
	const uint32_t timestamp = slot_of(a, first)->timestamp;

	for (; span.end <= a->highest; span.end++) {
		const struct slot *slot = slot_of(a, span.end);

		if (slot->kind == SLOT_MISSING)
			return span;
		if (span.end > first && slot->timestamp != timestamp) {
			span.state = SPAN_COMPLETE;
			return span;
		}
		if (slot->kind == SLOT_BROKEN ||
		    (span.end == first && !slot->start)) {
			span.state = SPAN_BROKEN;
			return span;
		}
		span.len += slot->len;
		if (slot->arrival_us > span.arrival_us)
			span.arrival_us = slot->arrival_us;
		if (slot->marker) {
			span.state = SPAN_COMPLETE;
			span.end++;
			return span;
		}
	}
	return span;
}

/* Where a run failed no later start in it can succeed, so one pass does. */
static bool
find_key(struct vp8_assembler *a, int64_t *first, struct span *span)
{
	int64_t at = a->low;

	if (a->key_starts == 0)
		return false;
	while (at <= a->highest) {
		if (!slot_of(a, at)->key) {
			at++;
			continue;
		}
		*span = measure(a, at);
		if (span->state == SPAN_COMPLETE) {
			*first = at;
			return true;
		}
		at = span->end + 1;
	}
	return false;
}

/* False when there is no memory for it. */
static bool
gather(struct vp8_assembler *a, const struct span *span)
{
	size_t at = 0;

	if (a->frame_size < span->len) {
		free(a->frame);
		a->frame = malloc(span->len);
		a->frame_size = a->frame ? span->len : 0;
		if (a->frame == NULL)
			return false;
	}
	for (int64_t i = a->low; i < span->end; i++) {
		const struct slot *slot = slot_of(a, i);

		if (slot->kind == SLOT_PIECE) {
			memcpy(a->frame + at, slot->piece->bytes, slot->len);
			at += slot->len;
		}
	}
	return true;
}

static enum vp8_verdict
give_out(struct vp8_assembler *a, const struct span *span,
    struct vp8_frame *out)
{
	const struct slot *first = slot_of(a, a->low);

	if (!gather(a, span)) {
		raise_low(a, span->end);
		lose_continuity(a);
		a->ask = false;
		return VP8_NEED_KEY;
	}
	*out = (struct vp8_frame) {
		.data = a->frame,
		.len = span->len,
		.key = first->key,
		.timestamp = first->timestamp,
		.arrival_us = span->arrival_us,
		.first_sequence = (uint16_t)a->low,
	};
	raise_low(a, span->end);
	a->waiting_key = false;
	a->ask = false;
	return VP8_FRAME;
}

enum vp8_verdict
vp8_assembler_pull(struct vp8_assembler *a, struct vp8_frame *out)
{
	struct span span;
	int64_t     first;

	if (!a->started)
		return VP8_MORE;
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
		return VP8_MORE;
	a->ask = false;
	return VP8_NEED_KEY;
}

void
vp8_assembler_give_up(struct vp8_assembler *a)
{
	lose_continuity(a);
}
