/*
 * The receiver's half of transport-wide congestion control.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/rtcp_wire.h"
#include "rtp/rtp_packet.h"
#include "rtp/twcc_feedback.h"
#include "util/writer.h"

#define LENGTH_MAX 1100		/* below any path's MTU, SRTCP added */
#define HEADER_LEN 20		/* RTCP, both SSRCs, base, count, time */
#define PADDING_MAX 3
/* A short one with its headers: IP, UDP, RTCP, eight packets, SRTCP. */
#define PACKET_BITS (8 * 84)
#define SHARE 20		/* a twentieth of the rate */
#define INTERVAL_MIN_US 50000
#define INTERVAL_MAX_US 250000
#define INTERVAL_UNKNOWN_US 100000
#define TICK_US 250
#define REFERENCE_TICKS 256	/* 64 ms */
#define VECTOR_1 0x8000		/* 14 symbols of one bit */
#define VECTOR_2 0xc000		/* 7 symbols of two bits */
#define VECTOR_1_ROOM 14u
#define VECTOR_2_ROOM 7u
#define RUN_MAX 0x1fffu

enum symbol { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA };

/* What one feedback packet will say. */
struct feedback {
	unsigned count;			/* statuses; the last is received */
	int64_t  reference;		/* in ticks, a multiple of 256 */
	uint8_t  symbols[TWCC_WINDOW];
	struct writer deltas;
};

static int64_t *
arrival_of(struct twcc_feedback *t, int64_t sequence)
{
	return &t->arrival_us[(uint64_t)sequence % TWCC_WINDOW];
}

void
twcc_feedback_init(struct twcc_feedback *t)
{
	memset(t, 0, sizeof(*t));
}

/* Arrivals stay known after they were reported, for a reordered packet. */
static void
raise_last(struct twcc_feedback *t, int64_t sequence)
{
	if (sequence - t->last >= TWCC_WINDOW)
		t->last = sequence - TWCC_WINDOW;
	while (t->last < sequence)
		*arrival_of(t, ++t->last) = 0;
	if (t->next < sequence - TWCC_WINDOW + 1)
		t->next = sequence - TWCC_WINDOW + 1;
}

void
twcc_feedback_received(struct twcc_feedback *t, uint16_t sequence,
    int64_t arrival_us)
{
	int64_t number = sequence;

	if (!t->started) {
		t->started = true;
		t->next = number;
		t->last = number - 1;
	} else {
		number = t->last +
		    rtp_sequence_diff(sequence, (uint16_t)t->last);
	}
	if (number <= t->last - TWCC_WINDOW)
		return;
	if (number > t->last)
		raise_last(t, number);
	if (*arrival_of(t, number) != 0)
		return;			/* a duplicate */
	*arrival_of(t, number) = arrival_us > 0 ? arrival_us : 1;
	if (number < t->next)
		t->next = number;	/* it was reported missing */
}

int64_t
twcc_feedback_interval_us(uint64_t bps)
{
	const uint64_t second_us = 1000000;
	int64_t        us;

	if (bps == 0)
		return INTERVAL_UNKNOWN_US;
	us = (int64_t)(PACKET_BITS * SHARE * second_us / bps);
	if (us < INTERVAL_MIN_US)
		return INTERVAL_MIN_US;
	return us > INTERVAL_MAX_US ? INTERVAL_MAX_US : us;
}

bool
twcc_feedback_pending(const struct twcc_feedback *t)
{
	return t->started && t->next <= t->last;
}

static enum symbol
symbol_of(int64_t delta)
{
	return delta >= 0 && delta <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
}

/* Every chunk but the last tells of seven statuses at least. */
static size_t
length_bound(const struct feedback *f, unsigned statuses, size_t deltas)
{
	return HEADER_LEN + 2 * ((size_t)statuses / VECTOR_2_ROOM + 1) +
	    deltas + (size_t)(f->deltas.p - f->deltas.start) + PADDING_MAX;
}

/*
 * Takes statuses from t->next on, to the last received one that fits. Ends
 * also at a delta of more than 8 s, which a new reference time must carry.
 */
static void
collect(struct twcc_feedback *t, struct feedback *f, size_t size)
{
	int64_t  before = 0;
	unsigned i = 0;

	for (int64_t at = t->next; at <= t->last; at++, i++) {
		const int64_t arrival_us = *arrival_of(t, at);
		const int64_t tick = arrival_us / TICK_US;
		enum symbol   symbol;

		f->symbols[i] = NOT_RECEIVED;
		if (arrival_us == 0)
			continue;
		if (f->count == 0) {
			f->reference = tick / REFERENCE_TICKS *
			    REFERENCE_TICKS;
			before = f->reference;
		}
		symbol = symbol_of(tick - before);
		if (tick - before > INT16_MAX || tick - before < INT16_MIN ||
		    length_bound(f, i + 1, symbol) > size)
			return;
		if (symbol == SMALL_DELTA)
			writer_u8(&f->deltas, (uint8_t)(tick - before));
		else
			writer_u16(&f->deltas, (uint16_t)(tick - before));
		f->symbols[i] = (uint8_t)symbol;
		f->count = i + 1;
		before = tick;
	}
}

/* How many statuses from `at` on are equal. */
static unsigned
run_at(const struct feedback *f, unsigned at)
{
	unsigned run = 1;

	while (at + run < f->count && run < RUN_MAX &&
	    f->symbols[at + run] == f->symbols[at])
		run++;
	return run;
}

/* How many statuses from `at` on one bit can tell, at most 14. */
static unsigned
one_bit_at(const struct feedback *f, unsigned at)
{
	unsigned n = 0;

	while (n < VECTOR_1_ROOM && at + n < f->count &&
	    f->symbols[at + n] != LARGE_DELTA)
		n++;
	return n;
}

static unsigned
write_vector(struct writer *w, const struct feedback *f, unsigned at,
    unsigned bits)
{
	const unsigned room = bits == 1 ? VECTOR_1_ROOM : VECTOR_2_ROOM;
	unsigned       chunk = bits == 1 ? VECTOR_1 : VECTOR_2;
	unsigned       n = 0;

	for (; n < room && at + n < f->count; n++)
		chunk |= (unsigned)f->symbols[at + n] <<
		    (14 - bits * (n + 1));
	writer_u16(w, (uint16_t)chunk);
	return n;
}

static void
write_chunks(struct writer *w, const struct feedback *f)
{
	unsigned at = 0;

	while (at < f->count) {
		const unsigned left = f->count - at;
		const unsigned run = run_at(f, at);
		const unsigned one_bit = one_bit_at(f, at);

		if (run < left && run < VECTOR_1_ROOM &&
		    (one_bit == VECTOR_1_ROOM || one_bit == left)) {
			at += write_vector(w, f, at, 1);
		} else if (run < left && run < VECTOR_2_ROOM) {
			at += write_vector(w, f, at, 2);
		} else {
			writer_u16(w, (uint16_t)((unsigned)f->symbols[at] <<
			    13 | run));
			at += run;
		}
	}
}

static size_t
write_packet(struct twcc_feedback *t, const struct feedback *f, uint8_t *out,
    size_t size, uint32_t sender_ssrc, uint32_t media_ssrc)
{
	struct writer w = writer_of(out, size);

	writer_u8(&w, 0x80 | RTCP_FORMAT_TWCC);
	writer_u8(&w, RTCP_PT_RTPFB);
	writer_u16(&w, 0);
	writer_u32(&w, sender_ssrc);
	writer_u32(&w, media_ssrc);
	writer_u16(&w, (uint16_t)t->next);
	writer_u16(&w, (uint16_t)f->count);
	writer_u24(&w, (uint32_t)(f->reference / REFERENCE_TICKS) & 0xffffff);
	writer_u8(&w, t->count);
	write_chunks(&w, f);
	writer_bytes(&w, f->deltas.start, writer_len(&f->deltas));
	writer_zeros(&w, (4 - writer_len(&w) % 4) % 4);
	writer_u16_at(&w, 2, (uint16_t)(writer_len(&w) / 4 - 1));
	return writer_len(&w);
}

size_t
twcc_feedback_write(struct twcc_feedback *t, uint8_t *out, size_t size,
    uint32_t sender_ssrc, uint32_t media_ssrc)
{
	uint8_t         deltas[LENGTH_MAX];
	struct feedback f = { .deltas = writer_of(deltas, sizeof(deltas)) };
	size_t          len;

	if (!twcc_feedback_pending(t))
		return 0;
	collect(t, &f, size < LENGTH_MAX ? size : LENGTH_MAX);
	if (f.count == 0)
		return 0;
	len = write_packet(t, &f, out, size, sender_ssrc, media_ssrc);
	if (len > 0) {
		t->next += f.count;
		t->count++;
	}
	return len;
}
