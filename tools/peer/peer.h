/*
 * One headless participant: joins, sends a clip and a voice, counts what
 * comes back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stands on the server's own rtp and net code: controlling ICE, DTLS server.
 * Everything on one event loop; peer_beat is called every 10 ms by the crew.
 */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "net/dtls_link.h"
#include "peer/clip.h"
#include "peer/join_client.h"
#include "peer/probe.h"

struct event_base;
struct peer;

enum peer_mode { PEER_BOTH, PEER_SEND, PEER_WATCH };

struct peer_config {
	struct event_base          *base;
	const struct join_target   *target;
	const struct dtls_identity *identity;
	enum peer_mode              mode;
	unsigned                    index, count;
	const char                 *name;
	bool                        video, audio;
	enum video_codec            codec;	/* VIDEO_VP8 or VIDEO_H264 */
	double                      tone_hz;	/* 0: babble in turns */
	const struct clip          *idle, *talking;	/* NULL: no video */
	unsigned                    talkers;	/* the first so many talk
						   always; 0: all in turns */
	struct probe               *probe;	/* NULL; peer 0 sends to it,
						   peer 1 gets */
	int                         drift_ppm;	/* of the sound card against
						   the clock of reports */
	int64_t                     slow_us;	/* from a picture's capture
						   to its sending */
	int64_t                     start_us;	/* zero of the turns */
	bool                        stay;	/* rejoin when it ends */
	int64_t                     rebind_us;	/* after connecting, speak
						   from another port; 0: no */
	unsigned                    plis;	/* a second; 0: when needed */
	int64_t                     restart_us;	/* between two ICE restarts;
						   0: none */
};

struct peer_counts {
	uint64_t video_packets, video_bytes, frames, keyframes;
	uint64_t audio_packets, audio_bytes;
	uint64_t lost;			/* of the video stream, for good */
	uint64_t audio_lost;		/* packets that did not come */
	uint64_t nacks, plis;		/* sent to us */
	uint64_t resent;
	int64_t  audio_gap_us;		/* longest pause of the sound; see
					   peer_take_gap */
	unsigned joins, failures, rebinds, restarts;
};

int  peer_new(struct peer **out, const struct peer_config *cfg);
void peer_free(struct peer *peer);

/* Starts joining. */
void peer_join(struct peer *peer, int64_t now_us);

void peer_beat(struct peer *peer, int64_t now_us);

/* DELETEs the session; peer_busy until the answer came. */
void peer_leave(struct peer *peer);
bool peer_busy(const struct peer *peer);

bool peer_connected(const struct peer *peer);
/* Failed or ended, and does not come back. */
bool peer_over(const struct peer *peer);
const struct peer_counts *peer_counts(const struct peer *peer);

/*
 * audio_gap_us since the last call; while nothing comes, the pause that goes
 * on.
 */
int64_t peer_take_gap(struct peer *peer, int64_t now_us);

#endif
