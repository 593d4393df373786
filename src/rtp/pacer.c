/*
 * When the packets to a peer leave: not faster than the line takes them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <string.h>

#include "rtp/pacer.h"

#define THIN_BPS       1000000
#define PACE_THIN      1.25
#define PACE           2.5
#define DEBT_MOST_US   500000.0
#define BURST_US       5000.0	/* what may leave in one turn */
#define TURN_US        5000
#define PROBE_TURN_US  2000
#define PROBE_MOST_US  1000000	/* a probe that got stuck is given up */
#define PADDING_LEAST  60
#define PADDING_MOST   255	/* what the padding of a packet can say */

void
pacer_init(struct pacer *p, int64_t target_bps, int64_t now_us)
{
	memset(p, 0, sizeof(*p));
	p->target_bps = target_bps;
	p->paid_us = now_us;
}

static double
bytes_per_us(const struct pacer *p)
{
	const double factor = p->target_bps < THIN_BPS ? PACE_THIN : PACE;

	return factor * (double)p->target_bps / 8e6;
}

static void
pay(struct pacer *p, int64_t now_us)
{
	if (now_us > p->paid_us) {
		p->debt_bytes = fmax(0, p->debt_bytes - bytes_per_us(p) *
		    (double)(now_us - p->paid_us));
		p->paid_us = now_us;
	}
}

void
pacer_set_target(struct pacer *p, int64_t target_bps, int64_t now_us)
{
	pay(p, now_us);
	p->target_bps = target_bps;
}

bool
pacer_push(struct pacer *p, enum pacer_class class,
    const struct pacer_item *item)
{
	struct pacer_ring *ring = &p->rings[class];

	if (ring->count == PACER_ITEMS)
		return false;
	ring->items[(ring->first + ring->count++) % PACER_ITEMS] = *item;
	p->queued_bytes += item->bytes;
	return true;
}

static struct pacer_item
take(struct pacer *p, struct pacer_ring *ring)
{
	const struct pacer_item item = ring->items[ring->first];

	ring->first = (ring->first + 1) % PACER_ITEMS;
	ring->count--;
	p->queued_bytes -= item.bytes;
	return item;
}

unsigned
pacer_waiting(const struct pacer *p, enum pacer_class class)
{
	return p->rings[class].count;
}

void
pacer_drop(struct pacer *p, enum pacer_class class)
{
	while (p->rings[class].count > 0)
		(void)take(p, &p->rings[class]);
}

static void
owe(struct pacer *p, double bytes)
{
	p->debt_bytes = fmin(p->debt_bytes + bytes,
	    bytes_per_us(p) * DEBT_MOST_US);
}

/* What the probe has still to send by now; below 0: it is ahead. */
static int64_t
probe_due(const struct pacer *p, int64_t now_us)
{
	const int64_t by_now = p->probe.bps * (now_us - p->probe_from_us) /
	    8000000;

	return by_now - p->probe_bytes;
}

static void
probe_count(struct pacer *p, size_t bytes)
{
	if (p->probe.id == 0)
		return;
	p->probe_bytes += (int64_t)bytes;
	p->probe_packets++;
	if (p->probe_bytes >= p->probe.bytes &&
	    p->probe_packets >= p->probe.packets)
		p->probe.id = 0;
}

bool
pacer_pull(struct pacer *p, enum pacer_class *class, struct pacer_item *out,
    int64_t now_us)
{
	struct pacer_ring *ring = &p->rings[PACER_RESEND];

	*class = PACER_RESEND;
	if (ring->count == 0) {
		ring = &p->rings[PACER_VIDEO];
		*class = PACER_VIDEO;
	}
	pay(p, now_us);
	if (now_us - p->probe_from_us > PROBE_MOST_US)
		p->probe.id = 0;
	if (ring->count == 0 || p->target_bps <= 0)
		return false;
	if (p->probe.id != 0 ? probe_due(p, now_us) < 0 :
	    p->debt_bytes > bytes_per_us(p) * BURST_US)
		return false;
	*out = take(p, ring);
	owe(p, out->bytes);
	probe_count(p, out->bytes);
	return true;
}

void
pacer_count(struct pacer *p, size_t bytes, int64_t now_us)
{
	pay(p, now_us);
	owe(p, (double)bytes);
	probe_count(p, bytes);
}

/* ---- probes -------------------------------------------------------------- */

void
pacer_begin_probe(struct pacer *p, const struct probe *probe, int64_t now_us)
{
	p->probe = *probe;
	p->probe_from_us = now_us;
	p->probe_bytes = 0;
	p->probe_packets = 0;
}

uint16_t
pacer_probe_id(const struct pacer *p)
{
	return p->probe.id;
}

size_t
pacer_padding(const struct pacer *p, int64_t now_us)
{
	int64_t bytes;

	if (p->probe.id == 0 || p->rings[PACER_RESEND].count > 0 ||
	    p->rings[PACER_VIDEO].count > 0 || probe_due(p, now_us) < 0)
		return 0;
	/* Evenly in as many packets as it has to have, or full ones. */
	bytes = p->probe.bytes / (p->probe.packets > 0 ? p->probe.packets : 1);
	if (bytes < PADDING_LEAST)
		bytes = PADDING_LEAST;
	return bytes > PADDING_MOST ? PADDING_MOST : (size_t)bytes;
}

void
pacer_padded(struct pacer *p, size_t bytes, int64_t now_us)
{
	pay(p, now_us);
	owe(p, (double)bytes);
	probe_count(p, bytes);
}

/* ---- time ---------------------------------------------------------------- */

int64_t
pacer_next_us(const struct pacer *p, int64_t now_us)
{
	double wait_us;

	if (p->probe.id != 0)
		return now_us + PROBE_TURN_US;
	if (p->rings[PACER_RESEND].count == 0 &&
	    p->rings[PACER_VIDEO].count == 0)
		return INT64_MAX;
	wait_us = p->debt_bytes / fmax(bytes_per_us(p), 1e-6) - BURST_US;
	return now_us + (wait_us > TURN_US ? (int64_t)wait_us : TURN_US);
}

int64_t
pacer_delay_us(const struct pacer *p, int64_t now_us)
{
	const struct pacer_ring *ring = &p->rings[PACER_VIDEO];

	return ring->count > 0 ? now_us - ring->items[ring->first].queued_us :
	    0;
}
