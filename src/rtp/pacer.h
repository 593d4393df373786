/*
 * When the packets to a peer leave: not faster than the line takes them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds the order, not the packets: an item is a sequence number and a size.
 * Resends go before new video. Sound does not come in here at all: it is sent
 * at once and only counted, so it never waits behind video. Paid off at the
 * pace, what was sent is a debt, of at most 500 ms; the next packet leaves
 * when it is paid. The pace is 1.25 times the target below 1 Mbit/s, where a
 * key frame would stand in the way of sound for a second, else 2.5 times. A
 * probe goes at its own rate, with what waits and else with padding. Pure, of
 * fixed size; net thread.
 */
#ifndef RTP_PACER_H
#define RTP_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/probe_meter.h"

#define PACER_ITEMS 1024	/* of each class, a power of two */

enum pacer_class { PACER_RESEND, PACER_VIDEO, PACER_CLASSES };

struct pacer_item {
	int64_t  queued_us;
	uint16_t sequence;
	uint16_t bytes;
};

struct pacer_ring {
	unsigned first, count;
	struct pacer_item items[PACER_ITEMS];
};

struct pacer {
	int64_t target_bps;
	double  debt_bytes;
	int64_t paid_us;		/* up to when */
	int64_t queued_bytes;
	struct pacer_ring rings[PACER_CLASSES];
	struct probe probe;		/* under way when its id is not 0 */
	int64_t  probe_from_us;
	int64_t  probe_bytes;		/* sent of it */
	unsigned probe_packets;
};

void pacer_init(struct pacer *p, int64_t target_bps, int64_t now_us);

void pacer_set_target(struct pacer *p, int64_t target_bps, int64_t now_us);

/* False when the class is full; nothing of it is kept then. */
bool pacer_push(struct pacer *p, enum pacer_class class,
    const struct pacer_item *item);

unsigned pacer_waiting(const struct pacer *p, enum pacer_class class);

/* Forgets what waits of a class. */
void pacer_drop(struct pacer *p, enum pacer_class class);

/* What may leave now; false when nothing may. It counts as sent. */
bool pacer_pull(struct pacer *p, enum pacer_class *class,
    struct pacer_item *out, int64_t now_us);

/* Something was sent past the pacer: sound. */
void pacer_count(struct pacer *p, size_t bytes, int64_t now_us);

/* Begins a probe; one under way is given up. */
void pacer_begin_probe(struct pacer *p, const struct probe *probe,
    int64_t now_us);

/* Which probe a packet sent now is of; 0: of none. */
uint16_t pacer_probe_id(const struct pacer *p);

/*
 * How many bytes of padding to send now for the probe, 0 for none; asked
 * when pacer_pull has no more. To be told by pacer_padded.
 */
size_t pacer_padding(const struct pacer *p, int64_t now_us);
void   pacer_padded(struct pacer *p, size_t bytes, int64_t now_us);

/* When to pull again; INT64_MAX: not before something is pushed. */
int64_t pacer_next_us(const struct pacer *p, int64_t now_us);

/* How long the oldest video has waited. */
int64_t pacer_delay_us(const struct pacer *p, int64_t now_us);

#endif
