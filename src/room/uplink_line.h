/*
 * What the line from a sender carries, where that is so little that his sound
 * is in need.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound comes evenly. How much longer the quickest of its packets of a second
 * took than the quickest of the last minute is the queue that all packets
 * stand in, and while there is one, what arrives is what the line carries.
 * (Whose machine stumbles is late for ever after, too: so a queue counts when
 * it grows or loses, and when his reports stand in it as well.) Browsers send
 * no less than 55 kbit/s of sound, on the wire, and 30 of video (Firefox 43),
 * whatever their congestion control says. Lines below that have a queue for
 * ever, and the sender must be told:
 *
 *   plan    line, kbit/s   sound                     video
 *   FREE    more, unknown  as agreed                 what the tile needs
 *   LEAN    below 110      20 kbit/s in 60 ms (27)   what is left
 *   VOICE   below 78       likewise                  none
 *
 * Down after two seconds of a queue that does not shrink. Up when there has
 * been none for 20 s (for a minute below 66 kbit/s, where a try costs a second
 * of sound), gently: LEAN with little video, more of it each 5 s as long as it
 * is used, FREE when that adds up to a line that is not thin. (Who sends no
 * video is FREE for a try after a minute.) A try that fails, which a second of
 * a queue shows, makes the next ones wait twice as long, up to ten minutes,
 * until one has held for two.
 *
 * A line that is not thin is the business of the sender's congestion control
 * alone. Pure: time is an argument. Net thread.
 */
#ifndef ROOM_UPLINK_LINE_H
#define ROOM_UPLINK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/least_window.h"

enum uplink_plan {
	UPLINK_FREE,
	UPLINK_LEAN,
	UPLINK_VOICE,
};

struct uplink_line {
	enum uplink_plan plan;
	uint32_t line_bps;	/* what it carries; 0: not known to be thin */
	uint32_t video_bps;	/* that may be sent; LEAN */

	/* Of sound: media time, and the least transit of each 5 s. */
	bool     heard;
	uint32_t timestamp;
	int64_t  media_us;
	struct least_window bases;

	/* Since the last look. */
	unsigned packets;	/* of sound */
	int64_t  transit_us;	/* the least */
	uint64_t bytes;
	int64_t  looked_us;
	int64_t  rtt_us;	/* newest round trip … */
	int64_t  rtt_at_us;	/* … and when it was known */

	int64_t  queue_us;	/* at the last look; -1: not known */
	unsigned queued_s, clear_s;	/* in a row, since changed */
	bool     used;		/* the video that may be sent, since changed */
	int64_t  changed_us;
	int64_t  climbed_us;	/* INT64_MIN: not lately */
	int64_t  wait_us;	/* before the next climb */
};

/* `line_bps`: what the sender says that it carries; 0: nothing. */
void uplink_line_init(struct uplink_line *l, uint32_t line_bps,
    int64_t now_us);

/* A packet of `bytes` came, with RTP headers; of any kind. */
void uplink_line_packet(struct uplink_line *l, size_t bytes);

/* It is one of sound (48 kHz), and came without being asked for. */
void uplink_line_sound(struct uplink_line *l, uint32_t timestamp,
    int64_t arrival_us);

/* A report of his says how long the way there and back takes. */
void uplink_line_rtt(struct uplink_line *l, int64_t rtt_us, int64_t now_us);

/*
 * Looks, about once a second. `lost`: much of his did not come lately. Returns
 * whether the plan has changed.
 */
bool uplink_line_look(struct uplink_line *l, bool lost, int64_t now_us);

#endif
