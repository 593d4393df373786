/*
 * The one check that a controlled agent sends: "are you there now?"
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Behind a NAT that forgot it, a peer's media comes from another address at
 * once, its next check seconds later. The media's SRTP says who it is, but not
 * that he receives there: anybody on the way could have sent it from an
 * address of his choice. So he is asked there by a check of the usual kind
 * (RFC 8445, 7.2.4), which he must answer (7.3), and only his answer, with the
 * integrity of his own password, from where he was asked, moves the path. That
 * is consent, too (RFC 7675). Who answers checks only, as ICE-lite does, waits
 * for the peer's.
 *
 * Nobody is asked before a packet of his proved authentic, nor while the
 * selected path is alive, nor more than five times a second.
 */
#include <stdio.h>
#include <string.h>

#include "net/ice.h"

/* A peer-reflexive candidate's type (RFC 8445, 5.1.2, 7.1.1). */
#define PRIORITY (110u << 24 | 65535u << 8 | 255u)

bool
ice_quiet(const struct ice *ice, int64_t now_us)
{
	return ice->path_count > 0 && now_us -
	    ice->paths[ice->selected].active_us >= ICE_QUIET_US;
}

bool
ice_question_asked(const struct ice *ice, const union packet_addr *remote,
    int64_t now_us)
{
	return ice->question.open &&
	    now_us - ice->question.began_us <= ICE_QUESTION_US &&
	    packet_addr_equal(&ice->question.remote, remote);
}

/* Whether media from there means that the selected path is not the way. */
static bool
moved_to(const struct ice *ice, const union packet_addr *remote,
    int64_t now_us)
{
	if (ice->controlling || ice->path_count == 0)
		return false;
	if (packet_addr_equal(&ice->paths[ice->selected].remote, remote))
		return ice_selected(ice, now_us) == NULL;
	return ice_quiet(ice, now_us);
}

bool
ice_question_due(const struct ice *ice, const union packet_addr *remote,
    int64_t now_us)
{
	return moved_to(ice, remote, now_us) && now_us >= ice->question.next_us;
}

size_t
ice_question_write(struct ice *ice, const union packet_addr *remote,
    int64_t now_us, const uint8_t fresh[STUN_TRANSACTION_LEN], uint8_t *out)
{
	struct ice_question *q = &ice->question;
	char                 username[2 * ICE_TEXT_MAX + 2];

	q->next_us = now_us + ICE_QUESTION_GAP_US;
	if (!ice_question_asked(ice, remote, now_us)) {
		q->open = true;
		q->remote = *remote;
		q->began_us = now_us;
		memcpy(q->transaction, fresh, STUN_TRANSACTION_LEN);
	}
	snprintf(username, sizeof(username), "%s:%s", ice->remote_ufrag,
	    ice->local_ufrag);
	return stun_write_question(out, STUN_MESSAGE_MAX, q->transaction,
	    username, ice->remote_pwd, PRIORITY, ice->tie_breaker);
}

struct ice_event
ice_question_answered(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us)
{
	struct ice_event event = { .verdict = ICE_IGNORED };

	if (!ice_question_asked(ice, remote, now_us) ||
	    memcmp(m->transaction, ice->question.transaction,
	    STUN_TRANSACTION_LEN) != 0)
		return event;
	event.verdict = ICE_NOT_AUTHENTIC;
	if (!stun_authentic(m, bytes, len, ice->remote_pwd))
		return event;
	ice->question.open = false;
	event.verdict = ICE_HEARD;
	event.path = ice_path_heard(ice, remote, local, now_us, &event.fresh);
	ice_select(ice, &event);
	return event;
}
