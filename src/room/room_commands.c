/*
 * What tesserad says to a room, and what the room says back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "room/room_internal.h"
#include "util/clock.h"

static void
tell_answer(struct room *room, const struct ipc_answer *answer)
{
	uint8_t body[IPC_MESSAGE_MAX];

	room_channel_send(room->channel, IPC_ANSWER, body,
	    ipc_answer_write(body, sizeof(body), answer));
}

void
room_tell_presence(struct room *room, uint32_t participant,
    enum ipc_presence_state state, enum ipc_gone reason)
{
	const struct ipc_presence presence = {
		participant, (uint16_t)state, (uint16_t)reason,
	};
	uint8_t body[64];

	room_channel_send(room->channel, IPC_PRESENCE, body,
	    ipc_presence_write(body, sizeof(body), &presence));
}

static void
command_join(struct room *room, const struct ipc_message *m)
{
	struct ipc_join   join;
	struct ipc_answer answer = { 0 };
	struct strbuf     sdp;
	const char       *why = "";

	if (ipc_join_parse(&join, m->body, m->body_len) != 0)
		abort();
	strbuf_init(&sdp, IPC_SDP_MAX);
	answer.request = join.request;
	answer.participant = join.participant;
	answer.status = participant_join(room, &join, &sdp, &why);
	answer.text = answer.status == IPC_ANSWER_OK ? strbuf_text(&sdp) : why;
	answer.text_len = strlen(answer.text);
	tell_answer(room, &answer);
	strbuf_clear(&sdp);
}

static void
command_restart(struct room *room, const struct ipc_message *m)
{
	struct ipc_restart  restart;
	struct ipc_answer   answer = { 0 };
	struct participant *who;
	struct strbuf       fragment;
	const char         *why = "";

	if (ipc_restart_parse(&restart, m->body, m->body_len) != 0)
		abort();
	strbuf_init(&fragment, IPC_SDP_MAX);
	answer.request = restart.request;
	answer.participant = restart.participant;
	answer.status = IPC_ANSWER_GONE;
	who = room_find(room, restart.participant);
	if (who)
		answer.status = participant_restart(who, &restart, &fragment,
		    &why);
	answer.text = answer.status == IPC_ANSWER_OK ?
	    strbuf_text(&fragment) : why;
	answer.text_len = strlen(answer.text);
	tell_answer(room, &answer);
	strbuf_clear(&fragment);
}

static void
command_patch(struct room *room, const struct ipc_message *m)
{
	struct ipc_patch    patch;
	struct participant *who;
	bool                camera_on;

	if (ipc_patch_parse(&patch, m->body, m->body_len) != 0)
		abort();
	who = room_find(room, patch.participant);
	if (who == NULL)
		return;		/* it left while this was under way */
	camera_on = patch.camera && !who->camera;
	who->camera = patch.camera;
	who->mic = patch.mic;
	if (who->max_height != patch.max_height) {
		who->max_height = patch.max_height;
		subscription_resize(who, clock_monotonic_us());
	}
	if (patch.has_name) {
		who->name_len = patch.name_len;
		memcpy(who->name, patch.name, patch.name_len);
	}
	room_show_people(room);
	/* Some browsers come back without a key frame. */
	if (camera_on)
		layers_want_key(who, clock_monotonic_us());
}

static void
command_leave(struct room *room, const struct ipc_message *m)
{
	struct ipc_leave    leave;
	struct participant *who;

	if (ipc_leave_parse(&leave, m->body, m->body_len) != 0)
		abort();
	who = room_find(room, leave.participant);
	if (who)
		participant_leave(who, (enum ipc_gone)leave.reason);
}

static void
command_load(struct room *room, const struct ipc_message *m)
{
	struct ipc_load load;

	if (ipc_load_parse(&load, m->body, m->body_len) != 0)
		abort();
	room_load_told(room, &load);
}

static void
command_open(struct room *room, const struct ipc_message *m)
{
	struct ipc_open open;

	if (ipc_open_parse(&open, m->body, m->body_len) != 0)
		abort();
	memcpy(room->name, open.room, open.room_len);
	room->name[open.room_len] = '\0';
	log_info(&room->log, "serves on port %u", room->cfg.udp_port);
}

void
room_command(struct room *room, const struct ipc_message *m)
{
	switch (m->type) {
	case IPC_OPEN:
		command_open(room, m);
		break;
	case IPC_JOIN:
		command_join(room, m);
		break;
	case IPC_PATCH:
		command_patch(room, m);
		break;
	case IPC_RESTART:
		command_restart(room, m);
		break;
	case IPC_LEAVE:
		command_leave(room, m);
		break;
	case IPC_LOAD:
		command_load(room, m);
		break;
	case IPC_PING:
		room_channel_send(room->channel, IPC_PONG, m->body,
		    m->body_len);
		break;
	case IPC_CLOSE:
		event_base_loopbreak(room->base);
		break;
	default:
		abort();
	}
}
