/*
 * A well-behaved worker without media, that plays what a test wants to see.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first word of an offer says what to do with the one who joins:
 *   bad, full      answer with that status
 *   mute           do not answer
 *   die            end
 *   wrong          answer for somebody else
 *   weak           after the answer: nothing heard for a while
 *   lost, left     after the answer: gone
 *   busy           claims all processors until he leaves
 *   away           after the answer: nothing heard for so long that it is not
 *                  shown; a PATCH brings it back
 * Everything else joins, is here, has a tile and speaks; the answer has its
 * place. A PATCH to the name "die" ends the process; to "burst" makes 300 tile
 * maps. An SDP fragment that begins with "restart" is answered by one, "bad"
 * is malformed, "mute" is not answered, "die" ends the process, anything else
 * is candidates.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/messages.h"

#define CHANNEL 3

struct fake_room {
	struct ipc_message message;
	struct ipc_tilemap map;
	bool               busy;
	uint64_t           used_us;
	uint8_t            body[IPC_MESSAGE_MAX];
};

static void
say(struct fake_room *room, uint16_t type, size_t len)
{
	struct pollfd pfd = { .fd = CHANNEL, .events = POLLOUT };

	while (channel_send(CHANNEL, type, room->body, len, NULL, 0) ==
	    -EAGAIN)
		poll(&pfd, 1, -1);
}

static void
say_answer(struct fake_room *room, const struct ipc_join *join,
    enum ipc_answer_status status, uint32_t participant, const char *text)
{
	const struct ipc_answer answer = { join->request, participant, status,
		text, strlen(text) };

	say(room, IPC_ANSWER, ipc_answer_write(room->body, sizeof(room->body),
	    &answer));
}

static void
say_presence(struct fake_room *room, uint32_t participant,
    enum ipc_presence_state state, uint16_t reason)
{
	const struct ipc_presence presence = { participant, (uint16_t)state,
		reason };

	say(room, IPC_PRESENCE, ipc_presence_write(room->body,
	    sizeof(room->body), &presence));
}

static void
say_tilemap(struct fake_room *room)
{
	room->map.version++;
	room->map.rtp += 3600;
	room->map.width = 1280;
	room->map.height = 720;
	say(room, IPC_TILEMAP, ipc_tilemap_write(room->body,
	    sizeof(room->body), &room->map));
}

static void
say_speaking(struct fake_room *room, uint32_t participant)
{
	const struct ipc_speaking speaking = { 1, { participant } };

	say(room, IPC_SPEAKING, ipc_speaking_write(room->body,
	    sizeof(room->body), &speaking));
}

static void
say_quality(struct fake_room *room, uint32_t participant)
{
	const struct ipc_quality quality = { 2, { { participant,
		IPC_QUALITY_DOWN_RATE, 0, 26, 15, 180, 80, 90, 170, 520, 150, 0 },
		{ participant + 77, IPC_QUALITY_FINE, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0 } } };

	say(room, IPC_QUALITY, ipc_quality_write(room->body,
	    sizeof(room->body), &quality));
}

static void
say_stats(struct fake_room *room)
{
	const struct ipc_stats stats = {
		.participants = room->map.tile_count,
		.video_encoders = 1,
		.video_viewers = room->map.tile_count,
		.frames_encoded = 1000,
		.cpu_net_us = 1500000 + room->used_us,
	};

	say(room, IPC_STATS, ipc_stats_write(room->body, sizeof(room->body),
	    &stats));
}

static void
add_tile(struct fake_room *room, uint32_t participant)
{
	struct ipc_tilemap *map = &room->map;

	if (map->tile_count == 16)
		return;
	map->tiles[map->tile_count] = (struct ipc_tile){ participant,
		(uint16_t)(map->tile_count % 4 * 320),
		(uint16_t)(map->tile_count / 4 * 180), 320, 180 };
	map->tile_count++;
}

static void
remove_tile(struct fake_room *room, uint32_t participant)
{
	struct ipc_tilemap *map = &room->map;

	for (unsigned i = 0; i < map->tile_count; i++) {
		if (map->tiles[i].participant == participant) {
			map->tiles[i] = map->tiles[--map->tile_count];
			return;
		}
	}
}

static bool
wants(const struct ipc_join *join, const char *word)
{
	return join->sdp_len >= strlen(word) &&
	    memcmp(join->sdp, word, strlen(word)) == 0;
}

static void
let_in(struct fake_room *room, const struct ipc_join *join)
{
	const uint32_t who = join->participant;
	char           answer[256];

	snprintf(answer, sizeof(answer), "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
	    "s=-\r\nt=0 0\r\na=x-direction:%u\r\na=x-height:%u\r\n"
	    "a=x-up:%u\r\na=x-place:%u\r\na=ice-pwd:canned-secret-password\r\n",
	    join->direction, join->max_height, join->up_kbps, join->place);
	say_answer(room, join, IPC_ANSWER_OK, who, answer);
	if (wants(join, "busy"))
		room->busy = true;
	remove_tile(room, who);
	if (join->direction != IPC_JOIN_WATCH)
		add_tile(room, who);
	say_tilemap(room);
	say_speaking(room, who);
	say_stats(room);
	/* The last word: a test waits for it. */
	say_presence(room, who, IPC_HERE, 0);
	if (wants(join, "weak"))
		say_presence(room, who, IPC_WEAK, 0);
	else if (wants(join, "away"))
		say_presence(room, who, IPC_AWAY, 0);
	else if (wants(join, "lost"))
		say_presence(room, who, IPC_GONE, IPC_GONE_LOST);
	else if (wants(join, "left"))
		say_presence(room, who, IPC_GONE, IPC_GONE_LEFT);
}

static void
on_join(struct fake_room *room)
{
	struct ipc_join join;

	if (ipc_join_parse(&join, room->message.body,
	    room->message.body_len) != 0)
		abort();
	if (wants(&join, "die"))
		exit(1);
	if (wants(&join, "mute"))
		return;
	if (wants(&join, "bad"))
		say_answer(room, &join, IPC_ANSWER_BAD_OFFER,
		    join.participant, "There is no audio in it.");
	else if (wants(&join, "full"))
		say_answer(room, &join, IPC_ANSWER_FULL, join.participant,
		    "");
	else if (wants(&join, "wrong"))
		say_answer(room, &join, IPC_ANSWER_OK, join.participant + 1,
		    "v=0");
	else
		let_in(room, &join);
}

static void
on_restart(struct fake_room *room)
{
	struct ipc_restart restart;
	struct ipc_join    join = { 0 };

	if (ipc_restart_parse(&restart, room->message.body,
	    room->message.body_len) != 0)
		abort();
	join.request = restart.request;
	join.participant = restart.participant;
	join.sdp = restart.fragment;
	join.sdp_len = restart.fragment_len;
	if (wants(&join, "die"))
		exit(1);
	if (wants(&join, "mute"))
		return;
	if (wants(&join, "bad"))
		say_answer(room, &join, IPC_ANSWER_BAD_OFFER,
		    join.participant, "It has half of the credentials.");
	else if (wants(&join, "restart"))
		say_answer(room, &join, IPC_ANSWER_OK, join.participant,
		    "a=ice-lite\r\na=ice-pwd:canned-secret-fragment\r\n");
	else
		say_answer(room, &join, IPC_ANSWER_NOTHING, join.participant,
		    "");
}

static void
on_patch(struct fake_room *room)
{
	struct ipc_patch patch;

	if (ipc_patch_parse(&patch, room->message.body,
	    room->message.body_len) != 0)
		abort();
	if (patch.has_name && patch.name_len == 3 &&
	    memcmp(patch.name, "die", 3) == 0)
		exit(1);
	if (patch.has_name && patch.name_len == 5 &&
	    memcmp(patch.name, "burst", 5) == 0) {
		for (unsigned i = 0; i < 300; i++)
			say_tilemap(room);
	}
	if (patch.has_name && patch.name_len == 4 &&
	    memcmp(patch.name, "thin", 4) == 0)
		say_quality(room, patch.participant);
	say_presence(room, patch.participant, IPC_HERE, 0);
}

static void
on_leave(struct fake_room *room)
{
	struct ipc_leave leave;

	if (ipc_leave_parse(&leave, room->message.body,
	    room->message.body_len) != 0)
		abort();
	room->busy = false;
	remove_tile(room, leave.participant);
	say_presence(room, leave.participant, IPC_GONE,
	    (uint16_t)leave.reason);
	say_tilemap(room);
}

static void
on_config(struct fake_room *room)
{
	struct ipc_ready ready;

	memset(&ready, 0xf1, sizeof(ready));
	channel_close_fds(&room->message);
	say(room, IPC_READY, ipc_ready_write(room->body, sizeof(room->body),
	    &ready));
}

static void
on_message(struct fake_room *room)
{
	switch (room->message.type) {
	case IPC_CONFIG:
		on_config(room);
		break;
	case IPC_JOIN:
		on_join(room);
		break;
	case IPC_PATCH:
		on_patch(room);
		break;
	case IPC_RESTART:
		on_restart(room);
		break;
	case IPC_LEAVE:
		on_leave(room);
		break;
	case IPC_PING:
		(void)channel_send(CHANNEL, IPC_PONG, room->message.body,
		    room->message.body_len, NULL, 0);
		if (room->busy) {
			room->used_us += UINT64_C(1000000000);
			say_stats(room);
		}
		break;
	case IPC_CLOSE:
		exit(0);
	}
}

int
main(void)
{
	static struct fake_room room;
	const struct ipc_hello  hello = { IPC_VERSION, (uint32_t)getpid() };
	struct pollfd           pfd = { .fd = CHANNEL, .events = POLLIN };

	say(&room, IPC_HELLO, ipc_hello_write(room.body, sizeof(room.body),
	    &hello));
	for (;;) {
		const int err = channel_receive(CHANNEL, &room.message);

		if (err == 0)
			on_message(&room);
		else if (err == -EAGAIN)
			poll(&pfd, 1, -1);
		else
			return 0;
	}
}
