/*
 * What a person is told of the line: what holds it back most, if anything.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looked at once a second. A reason must hold for 2 s before it is told, and
 * be gone for 5 s before it is taken back, so that the mark on the page does
 * not flicker; losses are smoothed over about 4 s first. Of several reasons
 * the first in the order of enum ipc_quality_reason is told: what a person
 * can do nothing about (a busy server) before what asks for a better line.
 * Pure: time is an argument. Owner: net thread.
 */
#ifndef ROOM_LINE_QUALITY_H
#define ROOM_LINE_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/messages.h"

/* Newest values; 0 where nothing is known. */
struct line_look {
	unsigned up_loss_q8;	/* of 256 packets that they sent */
	unsigned down_loss_q8;	/* of 256 packets that we sent */
	int64_t  rtt_us;
	bool     up_cut;	/* sound is all that they can send, or nearly */
	bool     cut;		/* they get less than they asked for */
	bool     busy;		/* this server makes fewer pictures */
};

struct line_quality {
	unsigned up_q16, down_q16;	/* smoothed, of 65536 */
	enum ipc_quality_reason told;
	enum ipc_quality_reason next;	/* holds since … */
	int64_t  next_us;
};

/* Nothing is wrong yet. */
void line_quality_init(struct line_quality *q, int64_t now_us);

/* Looks, about once a second; returns what is to be told now. */
enum ipc_quality_reason line_quality_look(struct line_quality *q,
    const struct line_look *look, int64_t now_us);

#endif
