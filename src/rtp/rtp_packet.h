/*
 * RTP packets (RFC 3550, 5.1) and their header extensions (RFC 8285).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure: no allocation, no I/O, no clock. A parsed packet borrows the input.
 */
#ifndef RTP_RTP_PACKET_H
#define RTP_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_packet {
	uint8_t        payload_type;
	bool           marker;
	uint16_t       sequence;
	uint32_t       timestamp;	/* in clock-rate units, wraps */
	uint32_t       ssrc;
	uint16_t       extension_profile;	/* 0xbede, 0x100x, or 0 */
	const uint8_t *extension;	/* the block, NULL when there is none */
	size_t         extension_len;
	const uint8_t *payload;		/* padding removed */
	size_t         payload_len;	/* 0: padding only, or empty */
	size_t         padding_len;
};

/* Returns 0, or -EBADMSG with *out untouched. */
int rtp_packet_parse(struct rtp_packet *out, const uint8_t *bytes, size_t len);

/*
 * Writes the 12-byte header and, when extension_len > 0, the block
 * (extension must be padded to 4 bytes; extension_profile as given).
 * Returns bytes written, 0 when it does not fit. Payload is the caller's.
 */
size_t rtp_packet_write_header(uint8_t *out, size_t size,
    const struct rtp_packet *packet);

/* a - b in sequence space: positive when a is newer. */
static inline int16_t
rtp_sequence_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}

static inline int32_t
rtp_timestamp_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/*
 * 16-bit sequence numbers to a 64-bit line, nearest to the last one (so it
 * may go below zero when the first packets are reordered). Zero-initialise.
 */
struct rtp_unwrap {
	int64_t last;
	bool    started;
};

int64_t rtp_unwrap_sequence(struct rtp_unwrap *u, uint16_t sequence);

#endif
