/*
 * The answering half of ICE: proves addresses, follows nominations.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "net/ice.h"

#define METHOD_BINDING 1

static int
copy_text(char *out, const char *text)
{
	const size_t len = strlen(text);

	if (len == 0 || len > ICE_TEXT_MAX)
		return -EINVAL;
	memcpy(out, text, len + 1);
	return 0;
}

int
ice_init(struct ice *ice, const char *local_ufrag, const char *local_pwd,
    const char *remote_ufrag, const char *remote_pwd)
{
	memset(ice, 0, sizeof(*ice));
	ice->next_us = INT64_MAX;
	if (copy_text(ice->local_ufrag, local_ufrag) ||
	    copy_text(ice->local_pwd, local_pwd) ||
	    copy_text(ice->remote_ufrag, remote_ufrag) ||
	    copy_text(ice->remote_pwd, remote_pwd))
		return -EINVAL;
	return 0;
}

/* The slot for a new path: a free one, else the one unheard the longest. */
static unsigned
path_slot(struct ice *ice)
{
	unsigned oldest = ice->selected == 0 ? 1 : 0;

	if (ice->path_count < ICE_PATHS_MAX)
		return ice->path_count++;
	for (unsigned i = 0; i < ICE_PATHS_MAX; i++) {
		if (i != ice->selected &&
		    ice->paths[i].heard_us < ice->paths[oldest].heard_us)
			oldest = i;
	}
	return oldest;
}

unsigned
ice_path_heard(struct ice *ice, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, bool *fresh)
{
	unsigned at = 0;

	while (at < ice->path_count &&
	    !packet_addr_equal(&ice->paths[at].remote, remote))
		at++;
	*fresh = at == ice->path_count;
	if (*fresh)
		at = path_slot(ice);
	ice->paths[at].remote = *remote;
	ice->paths[at].local = *local;
	ice->paths[at].heard_us = now_us;
	return at;
}

/* RFC 8445, 7.2.2: the user name begins with the name of who is asked. */
static bool
username_mine(const struct ice *ice, const struct stun_message *m)
{
	const size_t len = strlen(ice->local_ufrag);

	return m->username != NULL && m->username_len > len &&
	    memcmp(m->username, ice->local_ufrag, len) == 0 &&
	    m->username[len] == ':';
}

static struct ice_event
receive_request(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, uint8_t *reply)
{
	struct ice_event event = { .verdict = ICE_NOT_AUTHENTIC };

	if (!username_mine(ice, m) ||
	    !stun_authentic(m, bytes, len, ice->local_pwd))
		return event;
	if (m->unknown_count > 0) {
		event.verdict = ICE_NOT_UNDERSTOOD;
		event.reply_len = stun_write_unknown(reply, STUN_MESSAGE_MAX,
		    m, ice->local_pwd);
		return event;
	}
	event.verdict = ICE_HEARD;
	event.path = ice_path_heard(ice, remote, local, now_us, &event.fresh);
	if (m->use_candidate && !ice->controlling)
		ice->selected = event.path;
	event.reply_len = stun_write_success(reply, STUN_MESSAGE_MAX,
	    m->transaction, remote, ice->local_pwd);
	return event;
}

struct ice_event
ice_receive(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, uint8_t *reply)
{
	const struct ice_event ignored = { .verdict = ICE_IGNORED };

	if (m->method != METHOD_BINDING)
		return ignored;
	if (m->class == STUN_REQUEST)
		return receive_request(ice, m, bytes, len, remote, local,
		    now_us, reply);
	if (ice->controlling && m->class == STUN_SUCCESS)
		return ice_control_response(ice, m, bytes, len, remote, local,
		    now_us);
	return ignored;
}

const struct ice_path *
ice_selected(const struct ice *ice, int64_t now_us)
{
	const struct ice_path *path = &ice->paths[ice->selected];

	if (ice->path_count == 0 || now_us - path->heard_us > ICE_CONSENT_US)
		return NULL;
	return path;
}
