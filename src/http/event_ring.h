/*
 * The last events of a room, as the text of Server-Sent Events.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each event has an id "{epoch}-{n}": the epoch tells one life of a room from
 * another, n counts up from 1. A page that comes back with the last id it saw
 * gets what it missed, as long as the ring still holds it. Text is at most
 * EVENT_MAX bytes and cannot hold CR or LF, so nobody's words end an event.
 * One owner; no clock, no I/O.
 */
#ifndef HTTP_EVENT_RING_H
#define HTTP_EVENT_RING_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_RING_SIZE 256
/* A snapshot of 256 people with the longest names is 100 KiB. */
#define EVENT_MAX       (128 * 1024)
#define EVENT_ID_SIZE   32

struct event_ring;

/* One event, ready to be sent; borrowed from the ring until it is pushed out. */
struct event_text {
	const char *text;
	size_t      len;
};

/* 0 or -ENOMEM. NULL is fine for free. */
int  event_ring_new(struct event_ring **out, uint32_t epoch);
void event_ring_free(struct event_ring **ring);

/*
 * Adds an event, pushing out the oldest. Returns 0; -EINVAL when name or
 * data cannot stand in one line or are too long; -ENOMEM. *out may be NULL.
 */
int event_ring_push(struct event_ring *ring, const char *name,
    const char *data, struct event_text *out);

/* The id of the newest event ("…-0" before the first). */
void event_ring_id(const struct event_ring *ring, char out[EVENT_ID_SIZE]);

/* One event was lost: whoever comes again needs a snapshot. */
void event_ring_forget(struct event_ring *ring, uint32_t epoch);

/*
 * How many events came after the one with id `last`. Returns 0 with *count
 * set, or -ENOENT when that is not known any more or never was: then the
 * page needs a new snapshot.
 */
int event_ring_missed(const struct event_ring *ring, const char *last,
    unsigned *count);

/* The event that `back` others came after (0: the newest); back < count. */
struct event_text event_ring_at(const struct event_ring *ring, unsigned back);

/*
 * The text of one event outside of a ring, for free(); NULL as above.
 * `id` may be NULL.
 */
char *event_format(const char *id, const char *name, const char *data);

#endif
