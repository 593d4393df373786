/*
 * A room and several clients on loopback, one of whom may be attacked or
 * attack: for tests of what a room survives.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_ROOM_ABUSE_STAGE_H
#define TESTS_ROOM_ABUSE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_codec.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/transport.h"
#include "sdp/offer_answer.h"
#include "video/video_encoder.h"

#define CLIENTS_MAX 3
#define ROOM_FPS    15
#define KEPT_MAX    512		/* packets that the relay remembers */

struct stage;

struct kept {
	size_t  len;
	uint8_t bytes[1600];
};

struct client {
	struct stage           *stage;
	uint32_t                id;
	struct packet_pool     *pool;
	struct media_socket    *socket;
	struct transport_table *table;
	struct transport       *transport;
	struct sdp_answered     answered;
	bool                    answer_ok;
	unsigned                answers, connected, ended;

	/* Between this client and the room: where an attacker sits. */
	int                     outer, inner;	/* to the room, to the client */
	uint16_t                port;		/* of the client */
	struct event           *from_room, *from_client;
	unsigned                kept_count;	/* SRTP of the client */
	struct kept            *kept;

	/* What came. */
	unsigned                plis, pictures, sounds, sounds_missing;
	uint16_t                last_sound, last_video;
	int64_t                 last_sound_us, sound_gap_us;

	/* What goes. */
	struct audio_encoder   *voice;
	uint16_t                voice_sequence, sequence, picture_id;
	uint32_t                voice_time, timestamp;
	uint8_t                 tl0_index;
	int64_t                 voice_due_us;
	bool                    talks;
};

struct stage {
	struct event_base *base;
	struct room       *room;
	int                channel;
	struct event      *readable;
	uint16_t           port;		/* of the room */
	struct ipc_message message;
	struct ipc_stats   stats;
	unsigned           gone;
	struct dtls_identity *identity;
	struct client      clients[CLIENTS_MAX];
};

int stage_set_up(void **state);
int stage_tear_down(void **state);

/* Joins as number `i` and connects. */
struct client *stage_join(struct stage *stage, unsigned i,
    enum ipc_direction direction);
/* A JOIN with any text as the offer; true when it was answered well. */
bool stage_ask(struct stage *stage, unsigned i, const char *sdp);
void stage_patch(struct stage *stage, unsigned i, bool mic, bool camera);

/* Lets time pass; whoever talks sends sound each 20 ms. */
void stage_pass(struct stage *stage, int64_t us);

#define STAGE_WAIT(stage, condition) do {				\
	for (int turns_ = 0; !(condition) && turns_ < 1500; turns_++)	\
		stage_pass(stage, 10000);				\
	assert_true(condition);						\
} while (0)

/* A picture as its coded bytes, in packets of a usual size. */
void client_send_coded(struct client *c, const uint8_t *data, size_t len);
/* The same at a size of the sender's choice; key frames only. */
void client_send_key(struct client *c, int width, int height);
/* `count` PLIs, or NACKs of the last 64 packets each. */
void client_send_plis(struct client *c, unsigned count);
void client_send_nacks(struct client *c, unsigned count);

/* Sends bytes to the room as if they came from the client. */
void client_forge(struct client *c, const uint8_t *bytes, size_t len);

/* Memory of this process now, in bytes. */
long stage_memory(void);

#endif
