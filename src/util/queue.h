/*
 * A bounded queue of pointers between threads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One of the three ways to cross threads (with util/mailbox.h and copied
 * snapshots): ownership of an item moves with it. Any number of pushers and
 * pullers. The lock covers the ring only; nothing is called under it.
 *
 * A reader either waits (queue_pull_wait) or is woken through a descriptor:
 * with `wake_fd` (an eventfd of the caller, or -1) a push to an empty queue
 * writes 1 to it. The reader drains the eventfd first, then the queue.
 */
#ifndef UTIL_QUEUE_H
#define UTIL_QUEUE_H

#include <stdbool.h>

struct queue;

int  queue_new(struct queue **out, unsigned capacity, int wake_fd);
/* Items left inside are the caller's to pull and free first. */
void queue_free(struct queue *q);

/* False when full or closed: the item stays the caller's. */
bool queue_push(struct queue *q, void *item);

/*
 * Always takes the item. Returns the oldest one, now the caller's to free,
 * when the queue was full; the item itself when it is closed; else NULL.
 */
void *queue_push_drop_oldest(struct queue *q, void *item);

/* The oldest item, or NULL when there is none. */
void *queue_pull(struct queue *q);

/* Waits for an item; NULL once the queue is closed and empty. */
void *queue_pull_wait(struct queue *q);

/* Wakes all waiters for good; later pushes are refused. */
void queue_close(struct queue *q);

unsigned queue_len(struct queue *q);

#endif
