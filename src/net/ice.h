/*
 * ICE of one peer: which addresses are proven, and which is used (RFC 8445).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Of net/transport.c. ice_lite.c answers checks (both roles need it),
 * ice_control.c sends them (tessera-peer), and ice_question.c sends the one
 * that the server has, see there. No I/O, no clock, no chance: what
 * is to be sent comes out as bytes. An address is proven, for this peer alone,
 * by a check with the right user name and MESSAGE-INTEGRITY. Nothing is kept
 * or answered before that proof. Media goes to the selected path: the first
 * proven, then the one nominated last. A check from elsewhere that nominates
 * nothing moves it, too, once nothing at all has come on the selected path for
 * 2 s: who got another address from his NAT does not know it, and some
 * browsers go on with mere consent checks (RFC 7675).
 *
 * After a restart (RFC 8445, 9) the credentials before it hold beside the new
 * ones, until the first check with the new ones has come: a peer whose restart
 * never gets through loses nothing.
 */
#ifndef NET_ICE_H
#define NET_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/stun.h"
#include "util/packet.h"

#define ICE_PATHS_MAX      8
#define ICE_CANDIDATES_MAX 16
#define ICE_TEXT_MAX       256		/* RFC 8839, 5.4 */
#define ICE_MOVED_US       2000000
#define ICE_QUIET_US       100000
#define ICE_QUESTION_GAP_US 200000	/* five checks a second at most */
#define ICE_QUESTION_US    3000000	/* an answer may take so long */
#define ICE_CONSENT_US     30000000	/* RFC 7675, 5.1 */

struct ice_path {
	union packet_addr remote, local;
	int64_t           heard_us;	/* the last authentic STUN */
	int64_t           active_us;	/* the last authentic anything */
};

/* A check of a controlled agent. */
struct ice_question {
	bool              open;		/* the answer has not come */
	union packet_addr remote;	/* who was asked */
	int64_t           began_us;
	int64_t           next_us;	/* not sooner */
	uint8_t           transaction[STUN_TRANSACTION_LEN];
};

struct ice {
	char     local_ufrag[ICE_TEXT_MAX + 1], local_pwd[ICE_TEXT_MAX + 1];
	char     remote_ufrag[ICE_TEXT_MAX + 1], remote_pwd[ICE_TEXT_MAX + 1];
	bool     restarted;		/* and nothing heard with the new ones */
	char     old_ufrag[ICE_TEXT_MAX + 1], old_pwd[ICE_TEXT_MAX + 1];
	unsigned path_count;
	unsigned selected;		/* of paths, when there is one */
	struct ice_path paths[ICE_PATHS_MAX];
	uint64_t tie_breaker;
	struct ice_question question;

	/* Controlling only. */
	bool     controlling;
	bool     waiting;		/* for an answer to `transaction` */
	bool     nominated;
	uint8_t  transaction[STUN_TRANSACTION_LEN];
	unsigned candidate_count;
	unsigned current;		/* candidate under check */
	unsigned tries;			/* of its check */
	int64_t  next_us;		/* INT64_MAX: nothing to do */
	union packet_addr candidates[ICE_CANDIDATES_MAX];
};

enum ice_verdict {
	ICE_IGNORED,		/* not for this peer, or of no meaning */
	ICE_NOT_AUTHENTIC,
	ICE_HEARD,		/* authentic, and the path is proven */
	ICE_NOT_UNDERSTOOD,	/* authentic, but to be answered by 420 */
};

struct ice_event {
	enum ice_verdict verdict;
	size_t   reply_len;	/* bytes to send back; 0: none */
	bool     fresh;		/* paths[path] is new, or was another before */
	bool     moved;		/* media goes elsewhere than before */
	bool     renewed;	/* the credentials before a restart are gone */
	unsigned path;
};

/* The texts are copied. -EINVAL when one is too long. */
int ice_init(struct ice *ice, const char *local_ufrag, const char *local_pwd,
    const char *remote_ufrag, const char *remote_pwd);

/*
 * New credentials of both sides. While an earlier restart was not heard of,
 * the pair before that one is the one that still holds. -EINVAL as above.
 */
int ice_restart(struct ice *ice, const char *local_ufrag,
    const char *local_pwd, const char *remote_ufrag, const char *remote_pwd);

/* One STUN message that stun_parse accepted; `reply` holds STUN_MESSAGE_MAX. */
struct ice_event ice_receive(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, uint8_t *reply);

/* An authentic packet that is no STUN came from there. */
void ice_media_heard(struct ice *ice, const union packet_addr *remote,
    int64_t now_us);

/* Where media goes; NULL before the first proof and without consent. */
const struct ice_path *ice_selected(const struct ice *ice, int64_t now_us);

/* For all halves: the path of these addresses is proven now. */
unsigned ice_path_heard(struct ice *ice, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, bool *fresh);

/* Media goes by event->path from now on. */
void ice_select(struct ice *ice, struct ice_event *event);

/* ---- controlled: ice_question.c ------------------------------------------ */

/* Nothing has come by the selected path for a while: it may have moved. */
bool ice_quiet(const struct ice *ice, int64_t now_us);

/*
 * An authentic packet that is no STUN came from `remote`: whether the peer
 * seems to have moved there, and is to be asked.
 */
bool ice_question_due(const struct ice *ice, const union packet_addr *remote,
    int64_t now_us);

/*
 * Then writes the check that asks into `out` (STUN_MESSAGE_MAX); `fresh` is
 * used when a new transaction begins. Returns its length, 0: no room.
 */
size_t ice_question_write(struct ice *ice, const union packet_addr *remote,
    int64_t now_us, const uint8_t fresh[STUN_TRANSACTION_LEN], uint8_t *out);

/* Whether an answer from there is waited for. */
bool ice_question_asked(const struct ice *ice,
    const union packet_addr *remote, int64_t now_us);

/* An answer. The right one proves the path, selects it and is consent. */
struct ice_event ice_question_answered(struct ice *ice,
    const struct stun_message *m, const uint8_t *bytes, size_t len,
    const union packet_addr *remote, const union packet_addr *local,
    int64_t now_us);

/* ---- controlling --------------------------------------------------------- */

void ice_control_init(struct ice *ice, uint64_t tie_breaker);

/* -ENOSPC when there are too many. The first is checked at once. */
int ice_control_add(struct ice *ice, const union packet_addr *candidate,
    int64_t now_us);

/* Whether this is one of the candidates. */
bool ice_control_knows(const struct ice *ice, const union packet_addr *remote);

/*
 * When ice->next_us has come: writes the check to send into `out`
 * (STUN_MESSAGE_MAX) and its destination. `fresh` is used when a new
 * transaction begins. Returns its length, 0 when there is nothing to send.
 */
size_t ice_control_due(struct ice *ice, int64_t now_us,
    const uint8_t fresh[STUN_TRANSACTION_LEN], uint8_t *out,
    union packet_addr *remote);

/* An answer to a check of ours. */
struct ice_event ice_control_response(struct ice *ice,
    const struct stun_message *m, const uint8_t *bytes, size_t len,
    const union packet_addr *remote, const union packet_addr *local,
    int64_t now_us);

#endif
