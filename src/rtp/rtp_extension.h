/*
 * Reading header extension elements: one-byte and two-byte forms (RFC 8285).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. Elements with id 0 are padding; in the one-byte form id 15 ends the
 * block. A malformed block yields the elements before the damage.
 */
#ifndef RTP_RTP_EXTENSION_H
#define RTP_RTP_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/rtp_packet.h"

/* Finds element `id` (1..255). Returns its bytes (borrowed) or NULL. */
const uint8_t *rtp_extension_find(const struct rtp_packet *packet, uint8_t id,
    size_t *len);

/*
 * RFC 6464: level in -dBov, 0 (loudest) to 127 (silence), and the V bit.
 * id 0 means "not negotiated". False when absent.
 */
bool rtp_extension_audio_level(const struct rtp_packet *packet, uint8_t id,
    uint8_t *level_dbov, bool *voice);

/* The transport-wide sequence number (draft-holmer-rmcat-twcc-01). */
bool rtp_extension_transport_sequence(const struct rtp_packet *packet,
    uint8_t id, uint16_t *sequence);

#endif
