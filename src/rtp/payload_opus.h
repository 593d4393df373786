/*
 * Opus over RTP (RFC 7587): what the table of contents byte tells.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 6716, 3.1 and 3.2. Pure.
 */
#ifndef RTP_PAYLOAD_OPUS_H
#define RTP_PAYLOAD_OPUS_H

#include <stddef.h>
#include <stdint.h>

#define OPUS_CLOCK_RATE 48000

/*
 * Samples at 48 kHz that the packet lasts, 120 to 5760.
 * Returns -EBADMSG for what is not an Opus packet.
 */
int payload_opus_duration(const uint8_t *payload, size_t len);

#endif
