/*
 * How the sound to one listener is protected against the loss of his line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one place that decides. What is left concealed of speech, measured in
 * Chromium and Firefox, goes by what is sent: 30 % of loss with in-band FEC
 * leave 11 to 13 %, FEC and the same packet once more leave 1.1 %; RED (RFC
 * 2198) with FEC leaves 4 % at the same rate, and Firefox has none. So:
 *
 *   level   loss         sent
 *   0       below 1 %    once
 *   1       below 3 %    once, with FEC
 *   2       below 12 %   with FEC, and again after 40 ms
 *   3       more         at 24 kbit/s with FEC, and again after 40 and 100 ms
 *
 * Where losses are known to come in bursts repeats are spread wider, where
 * they are known not to they come sooner. With repeats all of the sound keeps
 * within 80 kbit/s (payload), and within what the line has room for, on the
 * wire: by a lower quality first, then by fewer repeats. In packets of 60 ms
 * three copies take 80 kbit/s of the line instead of 132, two take 53.
 *
 * The room is a quarter of what the line carries, so that pictures have the
 * rest: at least packets of 60 ms with FEC, and with their repeats. Where that
 * leaves nothing even for slow stills, or nobody looks, sound has four
 * fifths, and all where it is repeated. From 400 kbit/s on sound that is not
 * repeated may take what it wants. The room grows by steps of a quarter.
 *
 * What is known of the loss: reports (RR) say what was lost for good, of the
 * packets sent k times in this plan: its k-th root is taken for the line's
 * loss. NACKs say what was missing at first, and how long the gaps were. Up at
 * once. Down by one level after 10 s below seven tenths of its threshold; when
 * that proves wrong within 10 s the next try waits for 20, 40, then 60 s.
 *
 * What a listener reports changes only what he gets. Pure: time is an
 * argument. Net thread.
 */
#ifndef ROOM_SOUND_REPAIR_H
#define ROOM_SOUND_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/audio_quality.h"
#include "rtp/rtcp_packet.h"
#include "rtp/sound_history.h"

#define SOUND_REPAIR_LEVELS  4
#define SOUND_REPAIR_MAX_BPS 80000	/* of payload, with repeats */

struct sound_plan {
	enum audio_quality   quality;
	struct sound_repeats repeats;
};

/* Of the newest so many packets, older ones fading. */
struct sound_window {
	float lost, all;
};

struct sound_repair {
	uint32_t full_bps;		/* of AUDIO_PLAIN and AUDIO_FEC */
	unsigned level;
	uint64_t room_bps;		/* 0: any */
	struct sound_plan plan;
	uint32_t highest_sequence;	/* as last reported … */
	int32_t  lost;			/* … and this, of all until there */
	struct sound_window report_fast, report_slow;
	struct sound_window line_fast, line_slow, runs;
	int64_t  changed_us;		/* the level */
	int64_t  descended_us;		/* INT64_MIN: not lately */
	int64_t  hold_us;		/* before the next descent */
};

/* `sequence`: of the first packet. */
void sound_repair_init(struct sound_repair *r, uint32_t full_bps,
    uint16_t sequence, int64_t now_us);

/* A report on our sound came. */
void sound_repair_report(struct sound_repair *r,
    const struct rtcp_report *report);

/*
 * Of `sent` packets of any kind `missing` did not come the first time, in
 * `runs` gaps.
 */
void sound_repair_missing(struct sound_repair *r, unsigned sent,
    unsigned missing, unsigned runs);

/*
 * What a line of so much has for sound, beside pictures or not; 0 in: the line
 * is not known, out: room for anything.
 */
uint64_t sound_repair_room_bps(struct sound_repair *r, uint64_t line_bps,
    bool pictures);

/*
 * Decides anew, about once a second and after each report. `room_bps` is what
 * the line has left for sound, on the wire; 0: not known. Returns whether the
 * plan has changed.
 */
bool sound_repair_update(struct sound_repair *r, uint64_t room_bps,
    int64_t now_us);

/* What the plan takes of the line, with all headers (IPv4, UDP, SRTP). */
uint32_t sound_repair_wire_bps(const struct sound_repair *r);

/* The loss of the line as estimated, 0..1, for people to read. */
float sound_repair_loss(const struct sound_repair *r);

#endif
