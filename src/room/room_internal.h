/*
 * Private to room/: the room and its participants, all of the net thread.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ROOM_ROOM_INTERNAL_H
#define ROOM_ROOM_INTERNAL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"
#include "net/dtls_link.h"
#include "net/media_socket.h"
#include "net/transport.h"
#include "room/decode_budget.h"
#include "room/layer_choice.h"
#include "room/line_quality.h"
#include "room/load_ladder.h"
#include "room/pipeline.h"
#include "room/room.h"
#include "room/rendition_choice.h"
#include "room/rendition_menu.h"
#include "room/room_channel.h"
#include "room/sound_repair.h"
#include "room/uplink_line.h"
#include "rtp/frame_assembler.h"
#include "rtp/nack.h"
#include "rtp/pacer.h"
#include "rtp/rtp_packet.h"
#include "rtp/rtp_sender.h"
#include "rtp/rtp_stats.h"
#include "rtp/send_estimate.h"
#include "rtp/send_history.h"
#include "rtp/sound_history.h"
#include "rtp/stream_sync.h"
#include "rtp/twcc_feedback.h"
#include "sdp/offer_answer.h"
#include "util/log.h"
#include "util/packet.h"
#include "util/rate_limit.h"

struct event;

#define ROOM_PAYLOAD_MAX   1150		/* RTP payload of video, see RFC 8834 */
#define ROOM_STILL_PAYLOAD 500		/* sound waits behind no more */
#define ROOM_HISTORY       1024		/* packets of the rendition */
#define SENT_RING          1024		/* of a viewer, a power of two */
#define PLI_GAP_MIN_US     500000	/* to one sender */
#define ROOM_STILL_US      4000000	/* a picture of who stands still */
#define ROOM_MOVING_MAX    4		/* when others do */
#define RENDITION_NONE     UINT_MAX	/* sound alone */

/* One stream that comes from a participant. */
struct inbound {
	bool             known;		/* ssrc is set */
	uint32_t         ssrc;
	struct rtp_stats stats;
};

/* One stream of pictures that comes; of simulcast one of several. */
struct layer {
	struct inbound in;
	struct stream_clock clock;
	struct nack    nack;
	struct frame_assembler *assembler;	/* NULL: not listened to */
	uint32_t       pixels;		/* of its newest key frame; 0: unknown */
	int64_t        heard_us;	/* 0: never */
	unsigned       pictures_since;	/* of the others */
	uint64_t       bytes_before;	/* at the last look … */
	uint64_t       bps;		/* … and since the one before */
};

struct sent {
	int64_t  index;			/* in the history of its rendition */
	int64_t  resent_us;
	uint32_t rtp_time;
	uint8_t  rendition;
	uint16_t sequence;
	uint16_t picture_id;
	uint8_t  tl0_index;
	uint8_t  resent;
	bool     waits;			/* in the pacer, to be sent again */
	bool     missed;		/* a NACK named it … */
	bool     lost;			/* … in vain: a key frame was asked for */
	uint8_t  padding;		/* bytes of it, and nothing else */
};

/* A complete coded picture that waits for its sound. */
struct held_picture {
	STAILQ_ENTRY(held_picture) next;
	enum video_codec codec;
	bool     key;
	int64_t  captured_us;		/* as in stream_sync.h */
	int64_t  ready_us;		/* complete */
	size_t   len;
	uint8_t  data[];
};

/* Pictures on their way to the decoder. */
struct picture_in {
	struct stream_sync sync;
	STAILQ_HEAD(, held_picture) held;	/* oldest first */
	unsigned           count;
	size_t             bytes;
};

/* A viewer's tie to a rendition, and on its way to another. */
struct subscription {
	bool     wanted;		/* connected, and takes video */
	bool     started;		/* a key frame was sent */
	unsigned rendition;		/* what is sent, when started */
	unsigned target;		/* what is to be sent, RENDITION_NONE */
	bool     base, target_base;	/* of these, without the droppable */
	bool     way_short;		/* made while processors were short */
	int64_t  measure_until_us;	/* nothing before; 0: it may begin */
	struct rendition_way way;
	struct rendition_choice choice;
	unsigned rung;			/* of the target: the choice, or less
					 * while processors are short */
	struct {
		int64_t next, end;	/* index in the history; equal: none */
		int64_t due_us, gap_us;
		uint32_t late;		/* its end, RTP time after its begin */
	} still;			/* spread over its interval */
	uint64_t remb_bps;		/* newest report; 0: none */
	int64_t  remb_us;		/* when it came */
	unsigned loss_q8;
	uint32_t bytes_before;		/* video_out.bytes when it was counted … */
	uint32_t sound_before;		/* … and audio_out.bytes … */
	uint32_t again_bytes;		/* … and video sent again since */
	int64_t  counted_us;
	uint64_t video_bps, sound_bps;	/* then */
	unsigned again_q8;		/* smoothed */
	uint16_t key_sequence;		/* first one of the newest key frame */
	uint32_t made_time;		/* RTP time of the newest frame … */
	uint32_t sent_time;		/* … and what it was sent with */
	uint16_t picture_id;		/* last sent */
	uint16_t picture_made;		/* the rendition's name for it */
	uint8_t  tl0_index;		/* last sent */
	uint8_t  tl0_offset;		/* sent = rendition's + offset */
	int64_t  resend_bytes;		/* left of the budget */
	int64_t  resend_filled_us;
	int64_t  asked_from_us;		/* of the window below */
	unsigned asked;			/* key frames in 10 s */
	struct sent sent[SENT_RING];
};

/*
 * The line to one whose browser reports packet by packet; for all others
 * nothing of it is there, and what is sent leaves at once.
 */
struct downlink {
	struct send_estimate *estimate;		/* NULL: none of it */
	struct pacer *pacer;			/* likewise */
	int64_t  begun_us;
	int64_t  tick_us;			/* the next */
	int64_t  look_us;			/* at the choice of rendition */
	uint16_t probe;				/* cluster of what leaves now */
	bool     in_frame;			/* its last packet is to leave */
	bool     broken;			/* he reports nothing */
	bool     stopped;			/* no video: that, or a full line */
};

struct participant {
	TAILQ_ENTRY(participant) entry;	/* in order of their places */
	struct room      *room;
	struct log        log;
	uint32_t          id;
	unsigned          slot;
	uint32_t          place;	/* tiles are in this order */
	enum ipc_direction direction;
	uint16_t          max_height;		/* largest picture wanted */
	bool              mic, camera;	/* switched on */
	bool              seen;		/* has a tile, or may have: decoded */
	uint32_t          tile_pixels;	/* of that tile; 0: not known yet */
	uint32_t          tile_less;	/* what it shrank to … */
	int64_t           tile_less_us;	/* … when believed; INT64_MAX: no */
	size_t            name_len;
	char              name[IPC_NAME_MAX];

	struct transport     *transport;
	struct sdp_negotiated agreed;
	int64_t               joined_us;
	bool                  connected;
	enum ipc_presence_state presence;	/* as last told */
	enum ipc_gone         ended;	/* 0: no; else to be swept */

	/* From the participant. */
	struct inbound        audio_in;
	struct nack           sound_nack;
	struct layer          layers[LAYERS_MAX];
	unsigned              layer_count;
	unsigned              layer;		/* decoded, or LAYER_NONE */
	struct layer_choice   choice;		/* of several */
	struct uplink_line    uplink;
	struct twcc_feedback  twcc;
	int64_t               twcc_due_us;	/* INT64_MAX: nothing */
	struct picture_in     pictures;
	bool                  need_key;		/* drop until a key frame */
	int64_t               paused_us;	/* not decoded until then */
	int64_t               still_us;		/* stands still until then */
	struct rate_limit     rtp_rate, rtcp_rate, part_rate;
	int64_t               pli_due_us;	/* INT64_MAX: none wanted */
	int64_t               pli_last_us;
	int64_t               pli_gap_us;	/* backs off, 0.5..3 s */

	/* To the participant. */
	struct rtp_sender     audio_out, video_out;
	struct subscription   watch;
	struct downlink       down;
	struct sound_repair   repair;
	struct sound_history *sound;		/* NULL: nothing is kept */
	bool                  sound_nacks;	/* he sends them */
	uint32_t              sent_before;	/* packets, at the last look */
	uint32_t              bytes_before;	/* likewise */
	uint64_t              remb_line_bps;	/* 0: not known to be thin */
	int64_t               remb_line_us;	/* when that was seen */
	unsigned              missing, missing_runs;	/* by NACKs since */
	int64_t               rtt_us;		/* a guess until it is … */
	bool                  rtt_known;	/* … measured */
	int64_t               report_due_us;
	int64_t               measured_us;	/* rates of layers */

	/* The line, as told to the person. */
	struct line_quality   line;
	int64_t               line_us;		/* last looked at */
	uint64_t              up_bytes, down_bytes;	/* then */
	unsigned              up_loss_q8;	/* as last reported to them */
	unsigned              down_loss_q8;	/* of sound, as they reported */
};

TAILQ_HEAD(participant_list, participant);

/* One of the menu, shared by all who are tied to it. */
struct room_rendition {
	struct video_encoder_config cfg;
	struct send_history *history;
	uint16_t             picture_id;	/* of its newest frame */
	uint8_t              tl0_index;
	unsigned             viewers;		/* tied to it or on the way */
	int64_t              unwatched_us;	/* since; INT64_MAX: watched */
};

struct room {
	struct event_base    *base;
	struct room_channel  *channel;
	struct ipc_config     cfg;
	struct log            log;
	struct log_limit      log_limit;
	char                  name[IPC_ROOM_NAME_MAX + 1];
	char                  cname[17];
	int64_t               wall_offset_us;	/* NTP = monotonic + this */

	struct packet_pool     *packets;
	struct media_socket    *socket;
	struct transport_table *table;
	struct dtls_identity   *identity;
	struct pipeline        *pipeline;
	struct rendition_menu   menu;
	struct room_rendition   renditions[RENDITION_MENU_MAX];

	struct participant_list participants;
	struct participant     *by_slot[PIPELINE_SLOTS];
	unsigned                count;
	unsigned                next_slot;
	unsigned                viewers;	/* subscriptions wanted */
	unsigned                watched;	/* bits of renditions */

	/* How short processors are. */
	struct load_ladder      ladder;
	struct ipc_load         told;
	uint64_t                late_before;	/* ticks and beats */
	int64_t                 short_until_us;	/* and for a while after */
	uint32_t                moving[ROOM_MOVING_MAX];	/* last heard */

	struct event *timer;
	int64_t       armed_us;			/* INT64_MAX: not */
	int64_t       trim_us;			/* the heap; INT64_MAX: not */
	struct event *drain;
	struct event *second;			/* STATS, each second */

	uint64_t packets_bad;
	uint64_t packets_over;			/* more than one may send */
	uint64_t departed_bad;			/* of people who left */
	uint64_t keyframes_asked;
	uint64_t nacks_in, nacks_out;
	uint64_t resent;
	uint64_t probes;
	uint64_t sound_repeated;
};

/* ---- room.c -------------------------------------------------------------- */

/* Sees to it that room_due runs at `when_us` or earlier. */
void room_arm(struct room *room, int64_t when_us);
/* Somebody has gone: the memory he took goes back to the kernel, soon. */
void room_trim_later(struct room *room);

/* Tells the compositor who is shown, after any change of that. */
void room_show_people(struct room *room);

/* Counts viewers again and starts or stops the mosaic. */
void room_count_viewers(struct room *room, int64_t now_us);

struct participant *room_find(const struct room *room, uint32_t id);

/* ---- participant.c ------------------------------------------------------- */

/*
 * Answers a JOIN: makes the participant and fills `answer`. Returns
 * IPC_ANSWER_OK, or why not, with *why a text for a person.
 */
enum ipc_answer_status participant_join(struct room *room,
    const struct ipc_join *join, struct strbuf *answer, const char **why);

/*
 * Answers a RESTART: IPC_ANSWER_OK with a fragment in `answer`,
 * IPC_ANSWER_NOTHING when it was only candidates, or why not.
 */
enum ipc_answer_status participant_restart(struct participant *who,
    const struct ipc_restart *restart, struct strbuf *answer,
    const char **why);

/* Removes and frees; says GONE to tesserad. */
void participant_leave(struct participant *who, enum ipc_gone reason);

/* Datagrams of his that were refused so far. */
uint64_t participant_bad(const struct participant *who);

/* Whether this is a person with a tile. */
bool participant_is_shown(const struct participant *who);

/* Does what is due; returns when to come again. */
int64_t participant_due(struct participant *who, int64_t now_us);

/* ---- picture_in.c -------------------------------------------------------- */

void picture_in_init(struct participant *who, int64_t now_us);

/* Forgets what is held. */
void picture_in_clear(struct participant *who);

/*
 * A picture is complete, captured at that time of its clock: it is decoded
 * when its sound is due.
 */
void picture_in_take(struct participant *who, const struct rtp_frame *frame,
    int64_t captured_us, int64_t now_us);

/* Gives what is due to the decoder; returns when to come again. */
int64_t picture_in_due(struct participant *who, int64_t now_us);

/* Lets sound wait for pictures, or no longer; called about once a second. */
void picture_in_look(struct participant *who, int64_t now_us);

/* ---- layers.c ------------------------------------------------------------ */

/* After `agreed` is known. */
void layers_init(struct participant *who);
/* Forgets all streams of pictures, and frees what they hold. */
void layers_clear(struct participant *who);

/* The layer that a packet belongs to; NULL: none of them. */
struct layer *layers_find(struct participant *who,
    const struct rtp_packet *rtp);
/* A packet that was counted. */
void layers_received(struct participant *who, struct layer *layer,
    const struct rtp_packet *rtp, int64_t arrival_us, int64_t now_us);
/* Its sequence numbers begin anew. */
void layers_begin(struct participant *who, struct layer *layer);
/* Something of it will not come any more. */
void layers_lost(struct participant *who, struct layer *layer,
    int64_t now_us);

/* Asks the sender for a key frame, now or when it may be asked again. */
void layers_want_key(struct participant *who, int64_t now_us);
/* Whether layer `i` is one to ask. */
bool layers_wants_key_of(const struct participant *who, unsigned i);
/* His pictures cost too much: not decoded for a while. */
void layers_pause(struct participant *who, int64_t now_us);
/* Whether his pictures are of use now. */
bool layers_are_decoded(const struct participant *who, int64_t now_us);

/* His tile has so many pixels: more is believed at once, less after 2 s. */
void layers_tile(struct participant *who, uint32_t pixels, int64_t now_us);
/* Believes what is due; returns when to come again. */
int64_t layers_due(struct participant *who, int64_t now_us);

/* Whether any pictures came, and the SSRC of some of them (0: none). */
bool     layers_known(const struct participant *who);
uint32_t layers_ssrc(const struct participant *who);
/* Bytes that came in all of them. */
uint64_t layers_bytes(const struct participant *who);
/* What those bring that are too small for the tile. */
uint64_t layers_smaller_bps(const struct participant *who);
/* What all of them bring, as last measured. */
uint64_t layers_bps(const struct participant *who);
/* Measures their rates over the time since the last call. */
void     layers_measure(struct participant *who, int64_t span_us);

/* ---- feedback.c ---------------------------------------------------------- */

/* RTCP that came; takes the packet. */
void feedback_received(struct participant *who, struct packet *packet,
    int64_t now_us);

/*
 * What his tile needs, as a cap for the sender; next to nothing of who is not
 * seen; no more than a thin line has left beside sound, 0 where that is none.
 */
uint64_t feedback_uplink_cap_bps(const struct participant *who);

/* The same for who cannot be told to send nothing. */
uint64_t feedback_remb_bps(const struct participant *who);

void feedback_send_reports(struct participant *who, int64_t now_us);
void feedback_send_twcc(struct participant *who, int64_t now_us);
/* Asks for what is missing, or, where NACK was not agreed, for a key frame. */
void feedback_send_nacks(struct participant *who, int64_t now_us);
/* How long an answer takes: it stands in the queue of all that he sends. */
int64_t feedback_sound_rtt_us(const struct participant *who);
/* Asks for sound that is missing, when he answers that. */
void feedback_send_sound_nacks(struct participant *who, int64_t now_us);
void feedback_send_pli(struct participant *who, int64_t now_us);

/* ---- subscription.c ------------------------------------------------------ */

/* Cuts a coded frame into the shared history and sends it to its viewers. */
void subscription_frame(struct room *room, unsigned rendition,
    const struct coded_frame *frame, int64_t now_us);

/* Sends what is due of a still; returns when to come again. */
int64_t subscription_due(struct participant *who, int64_t now_us);

/* A viewer is there: starts from a fresh key frame, or asks for one. */
void subscription_start(struct participant *who, int64_t now_us);

/* Whether a NACK names this packet for the first time. */
bool subscription_missed(struct participant *who, uint16_t sequence);

/* A NACK of a viewer. */
void subscription_resend(struct participant *who, uint16_t sequence,
    int64_t now_us);

/* A PLI or FIR of a viewer. */
void subscription_want_key(struct participant *who, int64_t now_us);

void subscription_audio(struct room *room, const struct audio_tick *tick,
    int64_t now_us);

/* A packet of video leaves: new, again, or padding sent before. */
void subscription_emit(struct participant *who, uint16_t sequence,
    int64_t now_us);

/* Sends so many bytes (at most 255) of padding. */
void subscription_pad(struct participant *who, size_t bytes, int64_t now_us);

/* ---- downlink.c ---------------------------------------------------------- */

#define DOWNLINK_EXTENSION 4	/* bytes that a stamp takes */

/* He is connected. -ENOMEM. */
int  downlink_begin(struct participant *who, int64_t now_us);
void downlink_clear(struct participant *who);

/* What is known of the line by transport-wide feedback; NULL: nothing. */
const struct send_line *downlink_line(const struct participant *who);

/*
 * Gives a packet that leaves now its transport-wide sequence number, in
 * header extension `id` (0: not agreed, nothing is done). `again`: the very
 * same packet will follow. `extension` must live as long as the header.
 */
void downlink_stamp(struct participant *who, struct rtp_packet *header,
    uint8_t extension[DOWNLINK_EXTENSION], uint8_t id, size_t payload_len,
    bool again, int64_t now_us);

/* A packet of video has this number and waits for its turn. */
void downlink_video(struct participant *who, enum pacer_class class,
    uint16_t sequence, size_t payload_len, int64_t now_us);

/* A packet of sound was sent, past all that waits. */
void downlink_sound(struct participant *who, size_t payload_len,
    int64_t now_us);

/* Sound leaves once more, as a packet of so many bytes that left before. */
void downlink_again(struct participant *who, size_t len, int64_t now_us);

/* Video ends here, perhaps within a frame: nothing that waits is sent. */
void downlink_cut(struct participant *who);

/* Another rendition begins: what waits of the old one may be too late. */
void downlink_switch(struct participant *who, int64_t now_us);

/* Packets of video that have their sequence numbers and wait to leave. */
unsigned downlink_waiting(const struct participant *who);

/* Whether no video is to be sent now: nothing is known to arrive, or late. */
bool downlink_stopped(const struct participant *who);

/* Sends what is due and probes; returns when to come again. */
int64_t downlink_due(struct participant *who, int64_t now_us);

/* Tells the choice of rendition what is known of the line, if anything. */
void downlink_link(const struct participant *who,
    struct rendition_link *link, int64_t now_us);

/* How long a still of so many bytes takes beside the sound. */
int64_t downlink_still_us(const struct participant *who, size_t bytes,
    int64_t least_us);

/* What may be spent on sending video again. */
int64_t downlink_repair_bps(const struct participant *who);

/*
 * The most that renditions can make use of, and what the choice wants to be
 * shown (0: nothing).
 */
void downlink_ask(struct participant *who, uint64_t useful_bps,
    uint64_t probe_bps);

/* ---- sound_out.c --------------------------------------------------------- */

/* Seals and sends a packet of sound, and what is to be sent again with it. */
void sound_out_send(struct participant *who, struct packet *packet,
    uint16_t sequence, int64_t now_us);

/* A NACK of a listener; returns whether it is the first for this packet. */
bool sound_out_asked(struct participant *who, uint16_t sequence,
    int64_t now_us);

/* Looks at what his line loses and chooses the repair, about once a second. */
void sound_out_look(struct participant *who, int64_t now_us);

/* ---- subscription_way.c -------------------------------------------------- */

/* A viewer is connected: chooses his first rendition, and starts. */
void subscription_begin(struct participant *who, int64_t now_us);

/* He wants another size. */
void subscription_resize(struct participant *who, int64_t now_us);

/* Looks at the viewer's line and moves him between renditions. */
void subscription_look(struct participant *who, int64_t now_us);

/* As above, when what may be chosen from is another. */
void subscription_aim(struct participant *who, int64_t now_us);

/* ---- room_load.c --------------------------------------------------------- */

void room_load_init(struct room *room, int64_t now_us);

/* A LOAD of tesserad. */
void room_load_told(struct room *room, const struct ipc_load *load);

/* Who is heard now; the last ones do not stand still. */
void room_load_heard(struct room *room, uint32_t participant);

/* Whether his pictures stand still, one each ROOM_STILL_US. */
bool room_load_is_still(const struct participant *who);

/* Once a second: goes a step down or up where it must. */
void room_load_look(struct room *room, const struct pipeline_stats *media,
    int64_t now_us);

/* ---- room_stats.c -------------------------------------------------------- */

/* `media` is what pipeline_stats says now. */
void room_stats_send(struct room *room, const struct pipeline_stats *media);

/* ---- room_quality.c ------------------------------------------------------ */

void room_quality_send(struct room *room, int64_t now_us);

/* ---- room_commands.c ----------------------------------------------------- */

/* A message of tesserad; anything wrong in it is a bug of ours: aborts. */
void room_command(struct room *room, const struct ipc_message *message);

void room_tell_presence(struct room *room, uint32_t participant,
    enum ipc_presence_state state, enum ipc_gone reason);

#endif
