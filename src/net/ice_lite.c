/*
 * The answering half of ICE: proves addresses, follows nominations.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "net/ice.h"

#define METHOD_BINDING 1

static bool
text_fits(const char *text)
{
	const size_t len = strlen(text);

	return len > 0 && len <= ICE_TEXT_MAX;
}

static int
set_credentials(struct ice *ice, const char *local_ufrag,
    const char *local_pwd, const char *remote_ufrag, const char *remote_pwd)
{
	if (!text_fits(local_ufrag) || !text_fits(local_pwd) ||
	    !text_fits(remote_ufrag) || !text_fits(remote_pwd))
		return -EINVAL;
	memcpy(ice->local_ufrag, local_ufrag, strlen(local_ufrag) + 1);
	memcpy(ice->local_pwd, local_pwd, strlen(local_pwd) + 1);
	memcpy(ice->remote_ufrag, remote_ufrag, strlen(remote_ufrag) + 1);
	memcpy(ice->remote_pwd, remote_pwd, strlen(remote_pwd) + 1);
	return 0;
}

int
ice_init(struct ice *ice, const char *local_ufrag, const char *local_pwd,
    const char *remote_ufrag, const char *remote_pwd)
{
	memset(ice, 0, sizeof(*ice));
	ice->next_us = INT64_MAX;
	return set_credentials(ice, local_ufrag, local_pwd, remote_ufrag,
	    remote_pwd);
}

int
ice_restart(struct ice *ice, const char *local_ufrag, const char *local_pwd,
    const char *remote_ufrag, const char *remote_pwd)
{
	char old_ufrag[sizeof(ice->old_ufrag)], old_pwd[sizeof(ice->old_pwd)];
	int  err;

	memcpy(old_ufrag, ice->local_ufrag, sizeof(old_ufrag));
	memcpy(old_pwd, ice->local_pwd, sizeof(old_pwd));
	err = set_credentials(ice, local_ufrag, local_pwd, remote_ufrag,
	    remote_pwd);
	if (err == 0 && !ice->restarted) {
		memcpy(ice->old_ufrag, old_ufrag, sizeof(old_ufrag));
		memcpy(ice->old_pwd, old_pwd, sizeof(old_pwd));
		ice->restarted = true;
	}
	explicit_bzero(old_pwd, sizeof(old_pwd));
	if (err)
		return err;
	/* Controlling: checks begin anew, with the candidate that worked. */
	ice->waiting = ice->nominated = false;
	ice->tries = 0;
	if (ice->controlling && ice->candidate_count > 0)
		ice->next_us = 0;
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
	ice->paths[at].heard_us = ice->paths[at].active_us = now_us;
	return at;
}

void
ice_select(struct ice *ice, struct ice_event *event)
{
	event->moved = ice->selected != event->path;
	ice->selected = event->path;
}

/* RFC 8445, 7.2.2: the user name begins with the name of who is asked. */
static bool
username_is(const struct stun_message *m, const char *ufrag)
{
	const size_t len = strlen(ufrag);

	return m->username != NULL && m->username_len > len &&
	    memcmp(m->username, ufrag, len) == 0 && m->username[len] == ':';
}

/* The password that a check must be made with; NULL: not for us. */
static const char *
password_for(const struct ice *ice, const struct stun_message *m)
{
	if (username_is(m, ice->local_ufrag))
		return ice->local_pwd;
	if (ice->restarted && username_is(m, ice->old_ufrag))
		return ice->old_pwd;
	return NULL;
}

/* The first check with the new credentials ends the old ones. */
static bool
end_restart(struct ice *ice, const char *password)
{
	if (!ice->restarted || password != ice->local_pwd)
		return false;
	ice->restarted = false;
	explicit_bzero(ice->old_pwd, sizeof(ice->old_pwd));
	return true;
}

static struct ice_event
receive_request(struct ice *ice, const struct stun_message *m,
    const uint8_t *bytes, size_t len, const union packet_addr *remote,
    const union packet_addr *local, int64_t now_us, uint8_t *reply)
{
	struct ice_event event = { .verdict = ICE_NOT_AUTHENTIC };
	const char      *password = password_for(ice, m);

	if (password == NULL || !stun_authentic(m, bytes, len, password))
		return event;
	if (m->unknown_count > 0) {
		event.verdict = ICE_NOT_UNDERSTOOD;
		event.reply_len = stun_write_unknown(reply, STUN_MESSAGE_MAX,
		    m, password);
		return event;
	}
	event.verdict = ICE_HEARD;
	event.path = ice_path_heard(ice, remote, local, now_us, &event.fresh);
	if (!ice->controlling && (m->use_candidate || now_us -
	    ice->paths[ice->selected].active_us > ICE_MOVED_US))
		ice_select(ice, &event);
	event.reply_len = stun_write_success(reply, STUN_MESSAGE_MAX,
	    m->transaction, remote, password);
	event.renewed = end_restart(ice, password);
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
	if (m->class == STUN_SUCCESS)
		return ice_question_answered(ice, m, bytes, len, remote, local,
		    now_us);
	return ignored;
}

void
ice_media_heard(struct ice *ice, const union packet_addr *remote,
    int64_t now_us)
{
	struct ice_path *path = &ice->paths[ice->selected];

	if (ice->path_count > 0 && packet_addr_equal(&path->remote, remote))
		path->active_us = now_us;
}

const struct ice_path *
ice_selected(const struct ice *ice, int64_t now_us)
{
	const struct ice_path *path = &ice->paths[ice->selected];

	if (ice->path_count == 0 || now_us - path->heard_us > ICE_CONSENT_US)
		return NULL;
	return path;
}
