/*
 * The sound packets that a listener was sent, as they were sent, to be sent
 * again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Encrypted once: a packet that comes twice is dropped by the receiver's
 * replay protection (RFC 3711, 3.3.2), one that comes late for the first time
 * is welcome. So a repeat needs no agreement. Holds 64 packets of at most
 * SOUND_BYTES_MAX bytes; longer ones are not kept. Pure; net thread.
 */
#ifndef RTP_SOUND_HISTORY_H
#define RTP_SOUND_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_HISTORY_LEN 64	/* a power of two */
#define SOUND_BYTES_MAX   480
#define SOUND_REPEATS_MAX 2

struct sound_sent {
	uint16_t sequence;
	uint16_t len;			/* 0: nothing here */
	uint8_t  repeats;		/* by plan, so far */
	uint8_t  answers;		/* to NACKs, so far */
	bool     missed;		/* a NACK named it */
	int64_t  sent_us;		/* the first time … */
	int64_t  again_us;		/* … and the last */
	uint8_t  bytes[SOUND_BYTES_MAX];
};

/* How often, and how long after its first time, a packet is sent again. */
struct sound_repeats {
	unsigned count;
	int64_t  delay_us[SOUND_REPEATS_MAX];	/* ascending */
};

struct sound_history;

int  sound_history_new(struct sound_history **out);	/* 0 or -ENOMEM */
void sound_history_free(struct sound_history *h);

/* A packet was sent. Sequences ascend. */
void sound_history_add(struct sound_history *h, uint16_t sequence,
    const uint8_t *bytes, size_t len, int64_t now_us);

/*
 * The next packet to send again by plan, oldest first; it counts as sent. NULL
 * when there is none now. A packet is repeated once in a tick at most, and not
 * when its time has long passed.
 */
const struct sound_sent *sound_history_due(struct sound_history *h,
    const struct sound_repeats *plan, int64_t now_us);

/* Whether a NACK names this packet, one of those held, for the first time. */
bool sound_history_missed(struct sound_history *h, uint16_t sequence);

/*
 * Answers a NACK: the packet, which counts as sent; or NULL when it is not
 * held, older than 600 ms, was sent within half an RTT (at least 10 ms), was
 * answered three times, or its next repeat is due within an RTT anyway.
 */
const struct sound_sent *sound_history_asked(struct sound_history *h,
    uint16_t sequence, const struct sound_repeats *plan, int64_t rtt_us,
    int64_t now_us);

#endif
