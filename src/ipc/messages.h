/*
 * The bodies of the messages: structs to bytes and back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fields in the order of the struct, big-endian and unpadded (one reader
 * and one writer for all bytes of the project), counts and lengths of text
 * among them, tables and text behind. Pure, no allocation: strings and SDP in
 * a parsed struct borrow the input. Each parse checks lengths, ranges, enums
 * and that nothing is left over, and returns 0 or -EBADMSG with *out
 * untouched; text may not hold NUL. Each write returns the body length, or 0
 * when it does not fit or a length or count is over its maximum.
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"

#define IPC_ADDRESSES_MAX  16
#define IPC_ROOM_NAME_MAX  64
#define IPC_NAME_MAX       256		/* bytes of UTF-8 */
#define IPC_SDP_MAX        (64 * 1024)
#define IPC_TILES_MAX      49
#define IPC_SPEAKERS_MAX   16
#define IPC_LINES_MAX      256
#define IPC_LOG_MAX        1024
#define IPC_CANVAS_MAX     4096		/* pixels each way */

/* ---- down --------------------------------------------------------------- */

/* An address to announce as a host candidate. */
struct ipc_address {
	uint8_t family;		/* 4 or 6 */
	uint8_t loopback;	/* announce only to a peer on loopback */
	uint8_t bytes[16];	/* network order; v4 in the first four */
};

/* CONFIG, with one or two descriptors: the UDP sockets, v4 first. */
struct ipc_config {
	uint16_t has_v4, has_v6;	/* which descriptors came */
	uint16_t udp_port;
	uint16_t participants_max;	/* people and watchers, 1..256 */
	uint16_t decode_threads;	/* 1..8 */
	uint16_t log_level;		/* enum log_level */
	uint16_t video_width, video_height;	/* of the canvas, even,
						   16..IPC_CANVAS_MAX */
	uint16_t video_fps;			/* 1..60 */
	uint32_t video_bps;	/* of its rendition, 50 000..20 000 000 */
	uint32_t audio_bps;	/* of one Opus stream, 6000..510 000 */
	uint16_t address_count;
	struct ipc_address addresses[IPC_ADDRESSES_MAX];
};

/* OPEN: this spare is now the room. */
struct ipc_open {
	const char *room;	/* borrowed, not terminated */
	size_t      room_len;	/* 1..IPC_ROOM_NAME_MAX */
};

enum ipc_direction {
	IPC_JOIN_BOTH,		/* sends and watches */
	IPC_JOIN_SEND,		/* WHIP */
	IPC_JOIN_WATCH,		/* WHEP */
};

struct ipc_join {
	uint32_t request;	/* echoed in ANSWER */
	uint32_t participant;	/* chosen by tesserad, unique in the room */
	uint32_t place;		/* tiles are in the order of these */
	uint16_t direction;	/* enum ipc_direction */
	uint16_t loopback;	/* 1: the requester is on loopback */
	uint16_t max_height;	/* 720, 360 or 180 */
	uint16_t up_kbps;	/* their line up, as they say; 0: not said */
	const char *name;	/* UTF-8, borrowed, not terminated */
	size_t      name_len;
	const char *sdp;	/* the offer, borrowed, not terminated */
	size_t      sdp_len;	/* 1..IPC_SDP_MAX */
};

/* PATCH: what the person changed; name only when has_name. */
struct ipc_patch {
	uint32_t participant;
	uint8_t  mic, camera;	/* 0 off, 1 on, as they are now */
	uint16_t max_height;
	bool     has_name;
	const char *name;
	size_t      name_len;
};

/* RESTART: what a client says of its ICE, perhaps new credentials. */
struct ipc_restart {
	uint32_t request;	/* echoed in ANSWER */
	uint32_t participant;
	uint16_t loopback;	/* 1: the requester is on loopback */
	const char *fragment;	/* of SDP, borrowed, not terminated */
	size_t      fragment_len;	/* 1..IPC_SDP_MAX */
};

struct ipc_leave {
	uint32_t participant;
	uint32_t reason;	/* enum ipc_gone, for the log */
};

/* ---- up ----------------------------------------------------------------- */

struct ipc_hello {
	uint32_t version;	/* IPC_VERSION again, whole build check */
	uint32_t pid;
};

/* READY: locked down. The fingerprint of the room's DTLS certificate. */
struct ipc_ready {
	uint8_t fingerprint[32];	/* SHA-256 */
};

enum ipc_answer_status {
	IPC_ANSWER_OK,		/* text is the SDP answer, or fragment */
	IPC_ANSWER_BAD_OFFER,	/* text says why, for a person */
	IPC_ANSWER_FULL,
	IPC_ANSWER_NOTHING,	/* to RESTART: it was only candidates */
	IPC_ANSWER_GONE,	/* to RESTART: there is no such participant */
};

struct ipc_answer {
	uint32_t request;
	uint32_t participant;
	uint32_t status;	/* enum ipc_answer_status */
	const char *text;
	size_t      text_len;	/* ..IPC_SDP_MAX */
};

enum ipc_presence_state {
	IPC_HERE,		/* connected and heard from */
	IPC_QUIET,		/* nothing heard for 2 s */
	IPC_WEAK,		/* nothing heard for 5 s */
	IPC_AWAY,		/* nothing heard for 12 s: without a tile */
	IPC_GONE,		/* left or lost: the worker forgot it */
};

enum ipc_gone {
	IPC_GONE_LEFT = 1,	/* LEAVE, or DTLS close_notify */
	IPC_GONE_LOST,		/* silent for 60 s, or never connected */
	IPC_GONE_REPLACED,
};

struct ipc_presence {
	uint32_t participant;
	uint16_t state;		/* enum ipc_presence_state */
	uint16_t reason;	/* enum ipc_gone when IPC_GONE, else 0 */
};

struct ipc_tile {
	uint32_t participant;
	uint16_t x, y, w, h;	/* pixels of the canvas, inside it */
};

struct ipc_tilemap {
	uint32_t version;	/* grows by one with each change */
	uint32_t rtp;		/* time stamp of the first frame showing it */
	uint16_t width, height;	/* of the canvas */
	uint16_t tile_count;
	struct ipc_tile tiles[IPC_TILES_MAX];
};

/* SPEAKING: loudest first. */
struct ipc_speaking {
	uint32_t count;
	uint32_t participants[IPC_SPEAKERS_MAX];
};

/* What holds a person's line back most. */
enum ipc_quality_reason {
	IPC_QUALITY_FINE,
	IPC_QUALITY_BUSY,	/* this server makes fewer pictures */
	IPC_QUALITY_UP_RATE,	/* they can send sound, and little else */
	IPC_QUALITY_UP_LOSS,	/* much of what the person sends is lost */
	IPC_QUALITY_DOWN_LOSS,
	IPC_QUALITY_DOWN_RATE,	/* the line carries less than was asked for */
	IPC_QUALITY_DELAY,
};

/* One person's line, as the room sees it. */
struct ipc_quality_line {
	uint32_t participant;
	uint8_t  reason;	/* enum ipc_quality_reason */
	uint8_t  up_loss;	/* lost of what comes from them, of 255 */
	uint8_t  down_loss;	/* lost of what goes to them, of 255 */
	uint8_t  fps;		/* of the picture they get; 0: none */
	uint16_t height;	/* of that picture */
	uint16_t rtt_ms;	/* 0: not known yet */
	uint32_t up_kbps;	/* what comes from them */
	uint32_t down_kbps;	/* what is sent to them */
	uint32_t line_kbps;	/* what their line carries; 0: not known */
	uint32_t wanted_kbps;	/* of video from them, at most; 0: none */
	uint32_t up_line_kbps;	/* their line up; 0: not known to be thin */
};

/* QUALITY, each second. */
struct ipc_quality {
	uint32_t count;
	struct ipc_quality_line lines[IPC_LINES_MAX];
};

/* LOAD, after each STATS. */
#define IPC_IDLE_UNKNOWN 255

struct ipc_load {
	uint8_t high;		/* all rooms together are above the limit */
	uint8_t idle_percent;	/* of the processors; or unknown */
};

/* STATS, each second. Counters only grow. */
#define IPC_RUNGS 6
#define IPC_LOAD_FULL 2		/* a load_step with no room for more people */

struct ipc_stats {
	uint32_t participants;		/* connected, watchers included */
	uint32_t watchers;
	uint32_t video_encoders;	/* in use now */
	uint32_t video_viewers;		/* subscriptions to renditions */
	uint32_t audio_encoders;	/* in use now, the shared one too */
	uint32_t video_decoders;	/* in use now */
	uint32_t video_streams;		/* that come, each layer one … */
	uint32_t video_streams_decoded;	/* … and of these are decoded */
	/* In one picture of each of these, summed. */
	uint32_t video_pixels, video_pixels_decoded;
	uint32_t load_step;		/* what is left out; 0: nothing */
	uint32_t still;			/* people who stand still for it */
	/* Lines to viewers with an estimate, and sums over these. */
	uint32_t lines, lines_kbps, lines_loss_q8;
	uint32_t lines_rtt_ms, lines_queue_ms, lines_silent;
	/* Encoders in use and viewers by codec and rung (0: the largest). */
	uint32_t rung_encoders[VIDEO_CODECS][IPC_RUNGS];
	uint32_t rung_viewers[VIDEO_CODECS][IPC_RUNGS];
	uint64_t packets_in, packets_out;
	uint64_t bytes_in, bytes_out;
	uint64_t packets_bad;		/* not parsed, not authentic, unknown */
	uint64_t packets_dropped;	/* queues and pools were full */
	uint64_t frames_decoded;
	uint64_t frames_encoded;
	uint64_t keyframes_encoded;
	uint64_t keyframes_asked;	/* PLI and FIR of viewers */
	uint64_t nacks_in, nacks_out;
	uint64_t resent;
	uint64_t probes;		/* trains of padding to viewers */
	uint64_t audio_concealed;	/* 20 ms frames made up, not by FEC */
	uint64_t audio_late_ticks;	/* audio ticks over 10 ms late */
	uint64_t cpu_net_us, cpu_audio_us, cpu_decode_us;
	uint64_t cpu_compose_us, cpu_encode_us;
};

struct ipc_log {
	uint32_t level;		/* enum log_level */
	const char *text;
	size_t      text_len;	/* ..IPC_LOG_MAX */
};

/* PING and PONG carry 8 bytes that come back unchanged. */
struct ipc_ping {
	uint64_t token;
};

size_t ipc_config_write(uint8_t *out, size_t size, const struct ipc_config *);
size_t ipc_open_write(uint8_t *out, size_t size, const struct ipc_open *);
size_t ipc_join_write(uint8_t *out, size_t size, const struct ipc_join *);
size_t ipc_patch_write(uint8_t *out, size_t size, const struct ipc_patch *);
size_t ipc_restart_write(uint8_t *out, size_t size,
    const struct ipc_restart *);
size_t ipc_leave_write(uint8_t *out, size_t size, const struct ipc_leave *);
size_t ipc_hello_write(uint8_t *out, size_t size, const struct ipc_hello *);
size_t ipc_ready_write(uint8_t *out, size_t size, const struct ipc_ready *);
size_t ipc_answer_write(uint8_t *out, size_t size, const struct ipc_answer *);
size_t ipc_presence_write(uint8_t *out, size_t size,
    const struct ipc_presence *);
size_t ipc_tilemap_write(uint8_t *out, size_t size,
    const struct ipc_tilemap *);
size_t ipc_speaking_write(uint8_t *out, size_t size,
    const struct ipc_speaking *);
size_t ipc_quality_write(uint8_t *out, size_t size,
    const struct ipc_quality *);
size_t ipc_stats_write(uint8_t *out, size_t size, const struct ipc_stats *);
size_t ipc_log_write(uint8_t *out, size_t size, const struct ipc_log *);
size_t ipc_load_write(uint8_t *out, size_t size, const struct ipc_load *);
size_t ipc_ping_write(uint8_t *out, size_t size, const struct ipc_ping *);

int ipc_config_parse(struct ipc_config *out, const uint8_t *p, size_t len);
int ipc_open_parse(struct ipc_open *out, const uint8_t *p, size_t len);
int ipc_join_parse(struct ipc_join *out, const uint8_t *p, size_t len);
int ipc_patch_parse(struct ipc_patch *out, const uint8_t *p, size_t len);
int ipc_restart_parse(struct ipc_restart *out, const uint8_t *p, size_t len);
int ipc_leave_parse(struct ipc_leave *out, const uint8_t *p, size_t len);
int ipc_hello_parse(struct ipc_hello *out, const uint8_t *p, size_t len);
int ipc_ready_parse(struct ipc_ready *out, const uint8_t *p, size_t len);
int ipc_answer_parse(struct ipc_answer *out, const uint8_t *p, size_t len);
int ipc_presence_parse(struct ipc_presence *out, const uint8_t *p,
    size_t len);
int ipc_tilemap_parse(struct ipc_tilemap *out, const uint8_t *p, size_t len);
int ipc_speaking_parse(struct ipc_speaking *out, const uint8_t *p,
    size_t len);
int ipc_quality_parse(struct ipc_quality *out, const uint8_t *p, size_t len);
int ipc_stats_parse(struct ipc_stats *out, const uint8_t *p, size_t len);
int ipc_log_parse(struct ipc_log *out, const uint8_t *p, size_t len);
int ipc_load_parse(struct ipc_load *out, const uint8_t *p, size_t len);
int ipc_ping_parse(struct ipc_ping *out, const uint8_t *p, size_t len);

#endif
