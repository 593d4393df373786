/*
 * The checking half of ICE, for tessera-peer: one candidate at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checks a candidate, goes on to the next when it stays silent, nominates the
 * first that answers, then asks it for consent every 2.5 s (RFC 7675). When
 * consent is lost the search begins anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/ice.h"

#define FIRST_RETRY_US 50000	/* doubles with each try */
#define TRIES_MAX      6	/* 50 ms … 1.6 s */
#define CONSENT_EVERY_US 2500000
/* A host candidate's type, the best local preference (RFC 8445, 5.1.2). */
#define PRIORITY       (126u << 24 | 65535u << 8 | 255u)

void
ice_control_init(struct ice *ice, uint64_t tie_breaker)
{
	ice->controlling = true;
	ice->tie_breaker = tie_breaker;
}

int
ice_control_add(struct ice *ice, const union packet_addr *candidate,
    int64_t now_us)
{
	if (ice->candidate_count == ICE_CANDIDATES_MAX)
		return -ENOSPC;
	ice->candidates[ice->candidate_count++] = *candidate;
	if (ice->next_us == INT64_MAX)
		ice->next_us = now_us;
	return 0;
}

bool
ice_control_knows(const struct ice *ice, const union packet_addr *remote)
{
	for (unsigned i = 0; i < ice->candidate_count; i++) {
		if (packet_addr_equal(&ice->candidates[i], remote))
			return true;
	}
	return false;
}

/* A check that stayed silent: the next candidate, or the same again. */
static void
give_up(struct ice *ice, int64_t now_us)
{
	ice->waiting = false;
	ice->tries = 0;
	if (ice->nominated && ice_selected(ice, now_us))
		return;
	ice->nominated = false;
	ice->current = (ice->current + 1) % ice->candidate_count;
}

size_t
ice_control_due(struct ice *ice, int64_t now_us,
    const uint8_t fresh[STUN_TRANSACTION_LEN], uint8_t *out,
    union packet_addr *remote)
{
	char username[2 * ICE_TEXT_MAX + 2];
	bool proven;

	if (ice->candidate_count == 0 || now_us < ice->next_us)
		return 0;
	if (ice->waiting && ice->tries == TRIES_MAX)
		give_up(ice, now_us);
	if (!ice->waiting) {
		memcpy(ice->transaction, fresh, STUN_TRANSACTION_LEN);
		ice->waiting = true;
		ice->tries = 0;
	}
	ice->next_us = now_us + ((int64_t)FIRST_RETRY_US << ice->tries);
	ice->tries++;
	*remote = ice->candidates[ice->current];
	/* The pair that answered is the one that is nominated. */
	proven = ice->path_count > 0 &&
	    packet_addr_equal(&ice->paths[ice->selected].remote, remote);
	snprintf(username, sizeof(username), "%s:%s", ice->remote_ufrag,
	    ice->local_ufrag);
	return stun_write_request(out, STUN_MESSAGE_MAX, ice->transaction,
	    username, ice->remote_pwd, PRIORITY, ice->tie_breaker, proven);
}

struct ice_event
ice_control_response(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us)
{
	struct ice_event event = { .verdict = ICE_IGNORED };

	/* RFC 8445, 7.2.5.2.1: it comes from where the check went. */
	if (!ice->waiting || memcmp(m->transaction, ice->transaction,
	    STUN_TRANSACTION_LEN) != 0 || !packet_addr_equal(remote,
	    &ice->candidates[ice->current]))
		return event;
	event.verdict = ICE_NOT_AUTHENTIC;
	if (!stun_authentic(m, bytes, len, ice->remote_pwd))
		return event;
	event.verdict = ICE_HEARD;
	event.path = ice_path_heard(ice, remote, local, now_us, &event.fresh);
	ice->waiting = false;
	ice->tries = 0;
	/* The first answer proves the pair; the next check nominates it. */
	ice->nominated = !event.fresh && ice->selected == event.path;
	ice->selected = event.path;
	ice->next_us = ice->nominated ? now_us + CONSENT_EVERY_US : now_us;
	return event;
}
