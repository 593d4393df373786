/*
 * Private to tools/peer: the state of one peer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef PEER_PEER_INTERNAL_H
#define PEER_PEER_INTERNAL_H

#include "audio/audio_codec.h"
#include "net/transport.h"
#include "peer/peer.h"
#include "peer/voice.h"
#include "rtp/frame_assembler.h"
#include "rtp/frame_cutter.h"
#include "rtp/nack.h"
#include "rtp/rtp_sender.h"
#include "rtp/rtp_stats.h"
#include "rtp/twcc_feedback.h"
#include "sdp/offer_answer.h"

#define PEER_SENT_RING 512	/* video packets kept for NACKs */
#define PEER_PACKET_MAX 1250

enum peer_state {
	PEER_WAITING,		/* to join again */
	PEER_JOINING,
	PEER_CONNECTING,
	PEER_CONNECTED,
	PEER_LOST,
	PEER_LEAVING,
	PEER_OVER,
};

struct peer_sent {
	uint16_t sequence;
	size_t   len;
	uint8_t  bytes[PEER_PACKET_MAX];
};

struct peer {
	struct peer_config   cfg;
	struct peer_counts   counts;
	enum peer_state      state;
	int64_t              since_us, rejoin_us;
	char                 ufrag[9], pwd[25];
	char                 next_ufrag[9], next_pwd[25];	/* asked for */
	bool                 restarting;	/* the answer is to come */
	unsigned             restart_joins;	/* the join it is for */
	int64_t              restart_due_us;	/* INT64_MAX: never */
	char                 session[256];	/* path of the session */
	struct sdp_answered  answered;

	struct packet_pool     *pool;
	struct media_socket    *socket;
	struct transport_table *table;
	struct transport       *transport;

	/* What is sent. */
	struct rtp_sender     audio_out, video_out;
	uint32_t              audio_rtp_base, video_rtp_base;
	struct audio_encoder *encoder;
	struct voice          voice;
	unsigned              silent;		/* frames, on end */
	uint8_t               hush[AUDIO_PAYLOAD_MAX];	/* the last of them */
	int                   hush_len;
	int64_t               audio_due_us, video_due_us, report_due_us;
	int64_t               audio_start_us;	/* of the card … */
	int64_t               audio_frames;	/* … and what it made since */
	const struct clip    *clip;		/* idle or talking */
	unsigned              frame;		/* next of the clip */
	bool                  key_wanted;
	uint16_t              picture_id;
	uint8_t               tl0_index;
	struct peer_sent      sent[PEER_SENT_RING];

	/* What comes. */
	struct rtp_stats      audio_in, video_in;
	uint32_t              audio_in_ssrc, video_in_ssrc;
	int64_t               audio_us;		/* of the last packet; 0: none */
	int64_t               rebind_us;	/* 0: not, or done */
	struct twcc_feedback  twcc;		/* of what comes */
	int64_t               twcc_due_us;
	struct nack           nack;
	struct frame_assembler *assembler;
	bool                  key_lacking;	/* to be asked for by PLI */
	int64_t               pli_us;		/* of the last one */
	int64_t               plis_due_us;	/* when they are sent anyway */
};

/* peer_media.c */
void peer_on_rtp(void *to, struct packet *packet);
void peer_on_rtcp(void *to, struct packet *packet);
/* Sends what is due by the peer's clocks. */
void peer_send_due(struct peer *peer, int64_t now_us);

#endif
