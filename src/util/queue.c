/*
 * A bounded queue of pointers between threads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/queue.h"

struct queue {
	pthread_mutex_t lock;		/* of all below but wake_fd */
	pthread_cond_t  filled;
	unsigned        capacity;
	unsigned        first;
	unsigned        len;
	bool            closed;
	int             wake_fd;
	void           *items[];
};

int
queue_new(struct queue **out, unsigned capacity, int wake_fd)
{
	struct queue *q = calloc(1, sizeof(*q) + capacity * sizeof(void *));

	if (q == NULL)
		return -ENOMEM;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	q->capacity = capacity;
	q->wake_fd = wake_fd;
	*out = q;
	return 0;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void
queue_wake(struct queue *q, bool was_empty)
{
	const uint64_t one = 1;

	if (!was_empty)
		return;
	if (q->wake_fd < 0)
		pthread_cond_signal(&q->filled);
	else if (write(q->wake_fd, &one, sizeof(one)) < 0)
		return;		/* full counter: the reader is woken already */
}

/* Under the lock. */
static void *
queue_take(struct queue *q)
{
	void *item = q->items[q->first];

	q->first = (q->first + 1) % q->capacity;
	q->len--;
	return item;
}

/* Under the lock, with room. Returns whether the queue was empty. */
static bool
queue_put(struct queue *q, void *item)
{
	q->items[(q->first + q->len) % q->capacity] = item;
	return q->len++ == 0;
}

bool
queue_push(struct queue *q, void *item)
{
	bool was_empty;

	pthread_mutex_lock(&q->lock);
	if (q->closed || q->len == q->capacity) {
		pthread_mutex_unlock(&q->lock);
		return false;
	}
	was_empty = queue_put(q, item);
	pthread_mutex_unlock(&q->lock);
	queue_wake(q, was_empty);
	return true;
}

void *
queue_push_drop_oldest(struct queue *q, void *item)
{
	void *dropped = NULL;
	bool  was_empty;

	pthread_mutex_lock(&q->lock);
	if (q->closed) {
		pthread_mutex_unlock(&q->lock);
		return item;
	}
	if (q->len == q->capacity)
		dropped = queue_take(q);
	was_empty = queue_put(q, item);
	pthread_mutex_unlock(&q->lock);
	queue_wake(q, was_empty);
	return dropped;
}

void *
queue_pull(struct queue *q)
{
	void *item = NULL;

	pthread_mutex_lock(&q->lock);
	if (q->len > 0)
		item = queue_take(q);
	pthread_mutex_unlock(&q->lock);
	return item;
}

void *
queue_pull_wait(struct queue *q)
{
	void *item = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->len == 0 && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (q->len > 0)
		item = queue_take(q);
	/* One signal may stand for several pushes: pass it on. */
	if (q->len > 0)
		pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
	return item;
}

void
queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

unsigned
queue_len(struct queue *q)
{
	unsigned len;

	pthread_mutex_lock(&q->lock);
	len = q->len;
	pthread_mutex_unlock(&q->lock);
	return len;
}
