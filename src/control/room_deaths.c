/*
 * Which rooms die again and again, and are closed for a while.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/room_deaths.h"
#include "control/room_name.h"

#define ROOMS_MAX 256
#define SECOND_US INT64_C(1000000)

struct history {
	char     room[ROOM_NAME_MAX + 1];	/* "": free */
	unsigned count;				/* of died_us, newest last */
	int64_t  died_us[ROOM_DEATHS_MOST];
	int64_t  closed_until_us;
};

struct room_deaths {
	struct history rooms[ROOMS_MAX];
};

int
room_deaths_new(struct room_deaths **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void
room_deaths_free(struct room_deaths **deaths)
{
	free(*deaths);
	*deaths = NULL;
}

static const struct history *
find(const struct room_deaths *deaths, const char *room)
{
	for (unsigned i = 0; i < ROOMS_MAX; i++) {
		if (strcmp(deaths->rooms[i].room, room) == 0)
			return &deaths->rooms[i];
	}
	return NULL;
}

static int64_t
last_of(const struct history *h)
{
	return h->count ? h->died_us[h->count - 1] : INT64_MIN;
}

/* Its own, or that of whoever has been quiet the longest. */
static struct history *
history_of(struct room_deaths *deaths, const char *room)
{
	struct history *oldest = &deaths->rooms[0];

	for (unsigned i = 0; i < ROOMS_MAX; i++) {
		struct history *h = &deaths->rooms[i];

		if (strcmp(h->room, room) == 0)
			return h;
		if (last_of(h) < last_of(oldest))
			oldest = h;
	}
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->room, room, strlen(room) + 1);
	return oldest;
}

bool
room_deaths_note(struct room_deaths *deaths, int64_t now_us,
    const char *room)
{
	struct history *h = history_of(deaths, room);

	if (h->count == ROOM_DEATHS_MOST) {
		memmove(h->died_us, h->died_us + 1,
		    sizeof(h->died_us) - sizeof(h->died_us[0]));
		h->count--;
	}
	h->died_us[h->count++] = now_us;
	if (h->count < ROOM_DEATHS_MOST ||
	    now_us - h->died_us[0] > ROOM_DEATHS_WITHIN_S * SECOND_US)
		return false;
	/* What comes after begins from nothing. */
	h->died_us[0] = now_us;
	h->count = 1;
	h->closed_until_us = now_us + ROOM_CLOSED_S * SECOND_US;
	return true;
}

unsigned
room_deaths_closed_s(const struct room_deaths *deaths, int64_t now_us,
    const char *room)
{
	const struct history *h = find(deaths, room);

	if (h == NULL || h->closed_until_us <= now_us)
		return 0;
	return (unsigned)((h->closed_until_us - now_us + SECOND_US - 1) /
	    SECOND_US);
}
