/*
 * The last events of a room, as the text of Server-Sent Events.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/event_ring.h"
#include "util/strbuf.h"

struct event_ring {
	uint32_t epoch;
	uint64_t newest;	/* n of the newest event; 0: none yet */
	char    *texts[EVENT_RING_SIZE];	/* event n at n % size */
};

int
event_ring_new(struct event_ring **out, uint32_t epoch)
{
	struct event_ring *ring = calloc(1, sizeof(*ring));

	if (ring == NULL)
		return -ENOMEM;
	ring->epoch = epoch;
	*out = ring;
	return 0;
}

void
event_ring_free(struct event_ring **ring)
{
	struct event_ring *old = *ring;

	*ring = NULL;
	if (old == NULL)
		return;
	for (unsigned i = 0; i < EVENT_RING_SIZE; i++)
		free(old->texts[i]);
	free(old);
}

char *
event_format(const char *id, const char *name, const char *data)
{
	struct strbuf s;

	if ((id && strpbrk(id, "\r\n")) || strpbrk(name, "\r\n") ||
	    strpbrk(data, "\r\n"))
		return NULL;
	strbuf_init(&s, EVENT_MAX);
	if (id)
		strbuf_printf(&s, "id: %s\n", id);
	strbuf_printf(&s, "event: %s\ndata: %s\n\n", name, data);
	if (s.bad) {
		strbuf_clear(&s);
		return NULL;
	}
	return s.text;
}

static void
write_id(char out[EVENT_ID_SIZE], uint32_t epoch, uint64_t n)
{
	snprintf(out, EVENT_ID_SIZE, "%08" PRIx32 "-%" PRIu64, epoch, n);
}

int
event_ring_push(struct event_ring *ring, const char *name, const char *data,
    struct event_text *out)
{
	char   id[EVENT_ID_SIZE];
	char  *text;
	char **slot = &ring->texts[(ring->newest + 1) % EVENT_RING_SIZE];

	write_id(id, ring->epoch, ring->newest + 1);
	text = event_format(id, name, data);
	if (text == NULL)
		return -EINVAL;
	free(*slot);
	*slot = text;
	ring->newest++;
	if (out)
		*out = (struct event_text){ text, strlen(text) };
	return 0;
}

void
event_ring_id(const struct event_ring *ring, char out[EVENT_ID_SIZE])
{
	write_id(out, ring->epoch, ring->newest);
}

void
event_ring_forget(struct event_ring *ring, uint32_t epoch)
{
	ring->epoch = epoch;
}

/* Only what write_id() writes. */
static int
parse_id(const char *text, uint32_t epoch, uint64_t *n)
{
	char     again[EVENT_ID_SIZE];
	char    *end;

	if (strlen(text) < 10 || text[8] != '-' || text[9] < '0' ||
	    text[9] > '9')
		return -EBADMSG;
	errno = 0;
	*n = strtoull(text + 9, &end, 10);
	if (errno != 0 || *end != '\0')
		return -EBADMSG;
	write_id(again, epoch, *n);
	return strcmp(again, text) == 0 ? 0 : -EBADMSG;
}

int
event_ring_missed(const struct event_ring *ring, const char *last,
    unsigned *count)
{
	uint64_t n;

	if (parse_id(last, ring->epoch, &n) < 0 || n > ring->newest ||
	    ring->newest - n > EVENT_RING_SIZE)
		return -ENOENT;
	*count = (unsigned)(ring->newest - n);
	return 0;
}

struct event_text
event_ring_at(const struct event_ring *ring, unsigned back)
{
	const char *text = ring->texts[(ring->newest - back) % EVENT_RING_SIZE];

	return (struct event_text){ text, strlen(text) };
}
