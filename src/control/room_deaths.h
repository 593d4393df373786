/*
 * Which rooms die again and again, and are closed for a while.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A room whose process dies comes back in another. When that happens three
 * times in 60 s, something in it kills it: it is closed for 60 s, so that it
 * does not eat the machine. Remembers at most 256 rooms; the one whose last
 * death is the longest ago gives way. Time is an argument; no I/O.
 */
#ifndef CONTROL_ROOM_DEATHS_H
#define CONTROL_ROOM_DEATHS_H

#include <stdbool.h>
#include <stdint.h>

#define ROOM_DEATHS_MOST     3
#define ROOM_DEATHS_WITHIN_S 60
#define ROOM_CLOSED_S        60

struct room_deaths;

/* 0 or -ENOMEM. NULL is fine for free. */
int  room_deaths_new(struct room_deaths **out);
void room_deaths_free(struct room_deaths **deaths);

/* One more. True when it was one too many: the room is closed from now on. */
bool room_deaths_note(struct room_deaths *deaths, int64_t now_us,
    const char *room);

/* Seconds until it may open again, rounded up; 0: it may. */
unsigned room_deaths_closed_s(const struct room_deaths *deaths,
    int64_t now_us, const char *room);

#endif
