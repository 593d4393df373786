/*
 * Measures what a room adds in delay: flashes and beeps, there and back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One peer sends a dark picture that flashes white and a silence with beeps,
 * another one of the same process gets the mosaic and the mix: one clock for
 * both ends. A flash is late by the time from its last packet's sending to
 * the arrival of the last packet of the picture that shows it; a beep from
 * its packet's sending to the arrival of the packet it is heard in, plus how
 * deep in it. Only for a room whose first person is the sender, whose others
 * are silent, and for VP8 and Opus.
 *
 * The skew is by how much later than a flash a beep of the same time of
 * capture is: when both arrive, and when a player would show them that holds
 * one of them back by the sender reports that came with them.
 */
#ifndef PEER_PROBE_H
#define PEER_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_frame.h"
#include "rtp/frame_assembler.h"
#include "rtp/rtcp_packet.h"
#include "rtp/rtp_packet.h"

struct probe;

/* `people` in the mosaic: the sender has its first tile. */
int  probe_new(struct probe **out, unsigned people);
void probe_free(struct probe *probe);

/* ---- sending ------------------------------------------------------------- */

/* The first packet of white, captured at `due_us`, is sent now. */
void probe_flash(struct probe *probe, int64_t due_us, int64_t now_us);
/* Fills the 20 ms that are captured from `due_us` on and sent now. */
void probe_voice(struct probe *probe, struct audio_frame *out,
    int64_t due_us, int64_t now_us);

/* ---- getting ------------------------------------------------------------- */

void probe_picture(struct probe *probe, const struct rtp_frame *frame);
void probe_sound(struct probe *probe, const struct rtp_packet *rtp,
    int64_t arrival_us);
void probe_report(struct probe *probe, bool sound,
    const struct rtcp_sender_info *info);

/* Prints the figures as key=value on one line. */
void probe_print(struct probe *probe);

/* Likewise of the skew since the last time. */
void probe_print_skew(struct probe *probe, int64_t t_us);

#endif
