/*
 * Payloads of a rendition, kept once for all its viewers, for resending.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include "rtp/send_history.h"

/* The newest whole key frame, and one of which the end is not made yet. */
struct newest_key {
	int64_t whole;
	int64_t begun;
};

struct send_history {
	unsigned            capacity;
	int64_t             oldest;	/* all before it is forgotten */
	int64_t             next;
	struct newest_key   key;	/* of all but the last packet */
	struct send_packet *packets;
};

int
send_history_new(struct send_history **out, unsigned capacity)
{
	struct send_history *h;

	if (capacity == 0)
		return -EINVAL;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	h->packets = calloc(capacity, sizeof(h->packets[0]));
	if (h->packets == NULL) {
		free(h);
		return -ENOMEM;
	}
	h->capacity = capacity;
	h->key.whole = -1;
	h->key.begun = -1;
	*out = h;
	return 0;
}

void
send_history_free(struct send_history *h)
{
	if (h)
		free(h->packets);
	free(h);
}

/* Fresh memory is not touched, so it takes none until it is used. */
void
send_history_forget(struct send_history *h)
{
	struct send_packet *fresh = calloc(h->capacity, sizeof(fresh[0]));

	if (fresh) {
		free(h->packets);
		h->packets = fresh;
	}
	h->oldest = h->next;
	h->key.whole = -1;
	h->key.begun = -1;
}

/* The last packet is filled in after it was added, so it is read late. */
static struct newest_key
key_with_last(const struct send_history *h)
{
	const struct send_packet *last = send_history_get(h, h->next - 1);
	struct newest_key         key = h->key;

	if (last == NULL)
		return key;
	if (last->key_start)
		key.begun = last->index;
	if (last->marker && key.begun >= 0) {
		key.whole = key.begun;
		key.begun = -1;
	}
	return key;
}

struct send_packet *
send_history_add(struct send_history *h)
{
	struct send_packet *packet;

	h->key = key_with_last(h);
	packet = &h->packets[h->next % h->capacity];
	packet->index = h->next++;
	packet->marker = false;
	packet->key_start = false;
	packet->payload_len = 0;
	return packet;
}

const struct send_packet *
send_history_get(const struct send_history *h, int64_t index)
{
	if (index < h->oldest || index >= h->next ||
	    index < h->next - h->capacity)
		return NULL;
	return &h->packets[index % h->capacity];
}

int64_t
send_history_next_index(const struct send_history *h)
{
	return h->next;
}

int64_t
send_history_key_index(const struct send_history *h)
{
	const struct newest_key key = key_with_last(h);

	return send_history_get(h, key.whole) ? key.whole : -1;
}
