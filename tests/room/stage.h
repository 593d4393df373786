/*
 * A room and several clients on loopback, one of whom may be attacked or
 * attack: for tests of a whole room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All on the thread of the test, but for the room's own. Between a client and
 * the room is a relay, where an attacker would sit. Who sends only offers all
 * video codecs, others VP8.
 */
#ifndef TESTS_ROOM_STAGE_H
#define TESTS_ROOM_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_codec.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/transport.h"
#include "rtp/rtp_packet.h"
#include "sdp/offer_answer.h"
#include "util/video_codec.h"
#include "video/video_encoder.h"

#define CLIENTS_MAX 6
#define ROOM_FPS    15
#define ROOM_BPS    300000
#define KEPT_MAX    512		/* packets that the relay remembers */
#define PERSON      0x1000	/* id of client 0 */
#define STAGE_AUDIO_SSRC 0x7600	/* of client 0 */
#define STAGE_VIDEO_SSRC 0x7700

struct stage;

struct kept {
	size_t  len;
	uint8_t bytes[1600];
};

/* Of one stream that came. */
struct heard {
	unsigned packets, missing;	/* by their sequence */
	unsigned holes;			/* of sound: in its time */
	uint16_t first, last;
	uint32_t time;			/* of the last */
	uint64_t bytes;
	int64_t  last_us, gap_us;	/* longest pause */
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

	/* Between this client and the room. */
	int                     outer, inner;	/* to the room, to the client */
	uint16_t                port;		/* of the client */
	struct event           *from_room, *from_client;
	unsigned                kept_count;	/* SRTP of the client */
	struct kept            *kept;

	/* What came. */
	struct heard            sound, video;
	unsigned                plis, nacks, pictures;
	unsigned                plis_of[16];	/* by the SSRC's last digit */
	uint64_t                remb_bps;	/* newest */
	unsigned                droppable;	/* packets of video */
	unsigned                keys;		/* VP8 key frames that began … */
	uint16_t                key_sequence;	/* … the newest … */
	int                     key_width;	/* … of so many pixels */

	/* What goes. */
	struct audio_encoder   *voice;
	struct video_encoder   *encoder;	/* of client_send_picture */
	struct video_frame     *frame;
	size_t                  part_max;	/* bytes of a payload */
	uint16_t                voice_sequence, sequence, picture_id;
	uint32_t                voice_time, timestamp;
	uint8_t                 tl0_index;
	int64_t                 voice_due_us;
	bool                    talks;
};

struct stage {
	struct event_base *base;
	struct room       *room;
	int                channel;		/* tesserad's end */
	struct event      *readable;
	uint16_t           port;		/* of the room */
	struct ipc_message message;
	struct ipc_stats   stats;		/* newest */
	unsigned           stats_told;
	unsigned           here, gone, away;
	unsigned           words;		/* lines for the log */
	bool               silent;		/* who joins offers no sound */
	struct dtls_identity *identity;
	struct client      clients[CLIENTS_MAX];
};

int stage_set_up(void **state);
/* With a largest picture of so many bits a second. */
int stage_set_up_at(void **state, uint32_t bps);
/* For so many at most. */
int stage_set_up_for(void **state, uint32_t bps, uint16_t participants);
int stage_tear_down(void **state);

/* Joins as number `i` and connects. */
struct client *stage_join(struct stage *stage, unsigned i,
    enum ipc_direction direction);
/* The same without a line of the offer. */
struct client *stage_join_without(struct stage *stage, unsigned i,
    enum ipc_direction direction, const char *line);
/* The same with more lines in the section of pictures. */
struct client *stage_join_with(struct stage *stage, unsigned i,
    enum ipc_direction direction, const char *lines);
/* A JOIN with any text as the offer; true when it was answered well. */
bool stage_ask(struct stage *stage, unsigned i, enum ipc_direction direction,
    const char *sdp);
void stage_patch(struct stage *stage, unsigned i, bool mic, bool camera);
void stage_dismiss(struct stage *stage, unsigned i);
/* A LOAD: the rooms take more than they should, or not. */
void stage_load(struct stage *stage, bool high);

/* Lets time pass; whoever talks sends sound each 20 ms. */
void stage_pass(struct stage *stage, int64_t us);

#define STAGE_WAIT(stage, condition) do {				\
	for (int turns_ = 0; !(condition) && turns_ < 1500; turns_++)	\
		stage_pass(stage, 10000);				\
	assert_true(condition);						\
} while (0)

/* ---- media (stage_media.c) ------------------------------------------------ */

/* Encodes nothing unless he talks and is connected. */
void client_talk(struct client *c, int64_t now_us);

/* A packet of pictures with any header. */
void client_send_rtp(struct client *c, const struct rtp_packet *header,
    const uint8_t *payload, size_t len);
/* A frame as its coded bytes; of its packets number `lost` is not sent. */
void client_send_coded(struct client *c, enum video_codec codec,
    const uint8_t *data, size_t len, int lost);
/* The next of a moving picture of 160x90, in VP8. */
void client_send_picture(struct client *c, bool key, int lost);
/* Codes a grey key frame, in VP8 or H.264; returns its length. */
size_t client_code_key(uint8_t *out, size_t size, enum video_codec codec,
    int width, int height);
/* Sends one of any size, in VP8. */
void client_send_key(struct client *c, int width, int height);
/* `count` PLIs, or NACKs of the last 64 packets each. */
void client_send_plis(struct client *c, unsigned count);
void client_send_nacks(struct client *c, unsigned count);
/*
 * His sender reports: by the pictures' clock it is so much later than by that
 * of his sound.
 */
void client_send_clocks(struct client *c, int64_t ahead_us);
void client_ask_again(struct client *c, uint16_t sequence);
/* His word on the line: a third is lost, or nothing; and what it carries. */
void client_report(struct client *c, bool lossy, uint64_t remb_bps);

/* Sends bytes to the room as if they came from the client. */
void client_forge(struct client *c, const uint8_t *bytes, size_t len);

/* Memory of this process now, in bytes. */
long stage_memory(void);

#endif
