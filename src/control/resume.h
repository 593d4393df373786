/*
 * Who may come back as whom: sessions that were lost, for a while.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page whose line dropped, or whose room died, joins again with the id of
 * its old session, and is the same participant with the same tile.
 * Kept for 60 s, at most 4096; the oldest give way. Ids are compared in
 * constant time. Time is an argument; no I/O.
 */
#ifndef CONTROL_RESUME_H
#define CONTROL_RESUME_H

#include <stdbool.h>
#include <stdint.h>

struct resume;

#define RESUME_S 60

/* What one comes back to. */
struct resume_seat {
	uint32_t participant;
	uint32_t place;
};

/* 0 or -ENOMEM. NULL is fine for free. */
int  resume_new(struct resume **out);
void resume_free(struct resume **resume);

/* Remembers a session that has just ended. Without memory it is forgotten. */
void resume_keep(struct resume *resume, int64_t now_us, const char *session,
    const char *room, const struct resume_seat *seat);

/*
 * Takes the session of this room out. Returns 0 with *seat set, or
 * -ENOENT when it is unknown, of another room or too old.
 */
int resume_take(struct resume *resume, int64_t now_us, const char *session,
    const char *room, struct resume_seat *seat);

/* Whether this session may be resumed in this room. */
bool resume_knows(const struct resume *resume, const char *session,
    const char *room);

/* Whether somebody may still come back under this number. */
bool resume_holds(const struct resume *resume, const char *room,
    uint32_t participant);

#endif
