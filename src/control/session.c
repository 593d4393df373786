/*
 * One session: somebody's being in a room, and the id that gives power over it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "control/session.h"
#include "util/digest.h"
#include "util/random.h"

/* Changes: one each 200 ms, and 50 saved up. */
#define CHANGE_US    200000
#define CHANGE_BURST 50

/* The ids are random, so any of their characters will do. */
static unsigned
bucket_of(const char *id)
{
	unsigned hash = 0;

	for (unsigned i = 0; i < 8; i++)
		hash = hash * 31 + (unsigned char)id[i];
	return hash % SESSION_BUCKETS;
}

bool
session_may_change(struct session *session, int64_t now_us)
{
	return rate_limit_pass(&session->changes, now_us, CHANGE_US,
	    CHANGE_BURST);
}

void
session_renew_etag(struct session *session)
{
	uint8_t tag[8];

	random_bytes(tag, sizeof(tag));
	session->etag[0] = '"';
	hex_write(session->etag + 1, tag, sizeof(tag));
	session->etag[17] = '"';
	session->etag[18] = '\0';
}

struct session *
session_new(struct session_table *table)
{
	struct session *session = calloc(1, sizeof(*session));
	uint8_t         secret[32];

	if (session == NULL)
		return NULL;
	random_bytes(secret, sizeof(secret));
	base64url_write(session->id, secret, sizeof(secret));
	session_renew_etag(session);
	LIST_INSERT_HEAD(&table->buckets[bucket_of(session->id)], session,
	    in_table);
	table->count++;
	return session;
}

void
session_free(struct session_table *table, struct session **session)
{
	struct session *old = *session;

	*session = NULL;
	LIST_REMOVE(old, in_table);
	table->count--;
	free(old);
}

struct session *
session_find(const struct session_table *table, const char *id)
{
	struct session *session;

	if (strlen(id) != SESSION_ID_SIZE - 1)
		return NULL;
	LIST_FOREACH(session, &table->buckets[bucket_of(id)], in_table) {
		if (digest_equal((const uint8_t *)session->id,
		    (const uint8_t *)id, SESSION_ID_SIZE))
			return session;
	}
	return NULL;
}

bool
session_is_person(const struct session *session)
{
	return session->direction != IPC_JOIN_WATCH;
}

bool
session_is_shown(const struct session *session)
{
	return session_is_person(session) && !session->away;
}
