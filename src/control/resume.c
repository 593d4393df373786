/*
 * Who may come back as whom: sessions that were lost, for a while.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "control/resume.h"
#include "control/room_name.h"
#include "control/session.h"
#include "util/digest.h"

#define KEPT_MAX 4096

struct kept {
	TAILQ_ENTRY(kept) link;
	int64_t  until_us;
	char     session[SESSION_ID_SIZE];
	char     room[ROOM_NAME_MAX + 1];
	struct resume_seat seat;
};

struct resume {
	TAILQ_HEAD(, kept) kept;	/* oldest first */
	unsigned           count;
};

int
resume_new(struct resume **out)
{
	struct resume *resume = calloc(1, sizeof(*resume));

	if (resume == NULL)
		return -ENOMEM;
	TAILQ_INIT(&resume->kept);
	*out = resume;
	return 0;
}

static void
drop(struct resume *resume, struct kept *kept)
{
	TAILQ_REMOVE(&resume->kept, kept, link);
	resume->count--;
	free(kept);
}

void
resume_free(struct resume **resume)
{
	struct resume *old = *resume;

	*resume = NULL;
	if (old == NULL)
		return;
	while (!TAILQ_EMPTY(&old->kept))
		drop(old, TAILQ_FIRST(&old->kept));
	free(old);
}

static void
expire(struct resume *resume, int64_t now_us)
{
	struct kept *oldest = TAILQ_FIRST(&resume->kept);

	while (oldest && (oldest->until_us <= now_us ||
	    resume->count > KEPT_MAX)) {
		drop(resume, oldest);
		oldest = TAILQ_FIRST(&resume->kept);
	}
}

void
resume_keep(struct resume *resume, int64_t now_us, const char *session,
    const char *room, const struct resume_seat *seat)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (kept == NULL || strlen(session) >= sizeof(kept->session) ||
	    strlen(room) >= sizeof(kept->room)) {
		free(kept);
		return;
	}
	kept->until_us = now_us + RESUME_S * INT64_C(1000000);
	memcpy(kept->session, session, strlen(session) + 1);
	memcpy(kept->room, room, strlen(room) + 1);
	kept->seat = *seat;
	TAILQ_INSERT_TAIL(&resume->kept, kept, link);
	resume->count++;
	expire(resume, now_us);
}

int
resume_take(struct resume *resume, int64_t now_us, const char *session,
    const char *room, struct resume_seat *seat)
{
	char         wanted[SESSION_ID_SIZE] = { 0 };
	struct kept *kept;

	if (strlen(session) >= sizeof(wanted))
		return -ENOENT;
	memcpy(wanted, session, strlen(session));
	expire(resume, now_us);
	TAILQ_FOREACH(kept, &resume->kept, link) {
		if (digest_equal((const uint8_t *)kept->session,
		    (const uint8_t *)wanted, sizeof(wanted)) &&
		    strcmp(kept->room, room) == 0) {
			*seat = kept->seat;
			drop(resume, kept);
			return 0;
		}
	}
	return -ENOENT;
}

bool
resume_knows(const struct resume *resume, const char *session,
    const char *room)
{
	char               wanted[SESSION_ID_SIZE] = { 0 };
	const struct kept *kept;
	bool               found = false;

	if (strlen(session) >= sizeof(wanted))
		return false;
	memcpy(wanted, session, strlen(session));
	TAILQ_FOREACH(kept, &resume->kept, link) {
		if (digest_equal((const uint8_t *)kept->session,
		    (const uint8_t *)wanted, sizeof(wanted)) &&
		    strcmp(kept->room, room) == 0)
			found = true;
	}
	return found;
}

bool
resume_holds(const struct resume *resume, const char *room,
    uint32_t participant)
{
	const struct kept *kept;

	TAILQ_FOREACH(kept, &resume->kept, link) {
		if (kept->seat.participant == participant &&
		    strcmp(kept->room, room) == 0)
			return true;
	}
	return false;
}
