/*
 * RTP packets (RFC 3550, 5.1) and their header extensions (RFC 8285).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "rtp/rtp_packet.h"
#include "util/reader.h"
#include "util/writer.h"

#define RTP_VERSION 2
#define RTP_HAS_PADDING 0x20
#define RTP_HAS_EXTENSION 0x10

/* The last byte counts the padding, itself included (RFC 3550, 5.1). */
static int
remove_padding(struct rtp_packet *packet)
{
	if (packet->payload_len == 0)
		return -EBADMSG;
	packet->padding_len = packet->payload[packet->payload_len - 1];
	if (packet->padding_len == 0 ||
	    packet->padding_len > packet->payload_len)
		return -EBADMSG;
	packet->payload_len -= packet->padding_len;
	return 0;
}

int
rtp_packet_parse(struct rtp_packet *out, const uint8_t *bytes, size_t len)
{
	struct reader     r = reader_of(bytes, len);
	struct rtp_packet packet = { 0 };
	const uint8_t     first = reader_u8(&r);
	const uint8_t     second = reader_u8(&r);

	if (r.bad || first >> 6 != RTP_VERSION)
		return -EBADMSG;
	packet.marker = second & 0x80;
	packet.payload_type = second & 0x7f;
	packet.sequence = reader_u16(&r);
	packet.timestamp = reader_u32(&r);
	packet.ssrc = reader_u32(&r);
	reader_skip(&r, (size_t)4 * (first & 0x0f));	/* CSRCs */
	if (first & RTP_HAS_EXTENSION) {
		packet.extension_profile = reader_u16(&r);
		packet.extension_len = (size_t)4 * reader_u16(&r);
		packet.extension = reader_take(&r, packet.extension_len);
	}
	packet.payload_len = reader_left(&r);
	packet.payload = reader_take(&r, packet.payload_len);
	if (r.bad)
		return -EBADMSG;
	if (first & RTP_HAS_PADDING && remove_padding(&packet) != 0)
		return -EBADMSG;
	*out = packet;
	return 0;
}

size_t
rtp_packet_write_header(uint8_t *out, size_t size,
    const struct rtp_packet *packet)
{
	struct writer w = writer_of(out, size);
	unsigned      first = RTP_VERSION << 6;

	if (packet->extension_len % 4 != 0 ||
	    packet->extension_len / 4 > UINT16_MAX)
		return 0;
	if (packet->extension_len > 0)
		first |= RTP_HAS_EXTENSION;
	if (packet->padding_len > 0)
		first |= RTP_HAS_PADDING;
	writer_u8(&w, (uint8_t)first);
	writer_u8(&w, (uint8_t)((packet->marker ? 0x80 : 0) |
	    (packet->payload_type & 0x7f)));
	writer_u16(&w, packet->sequence);
	writer_u32(&w, packet->timestamp);
	writer_u32(&w, packet->ssrc);
	if (packet->extension_len > 0) {
		writer_u16(&w, packet->extension_profile);
		writer_u16(&w, (uint16_t)(packet->extension_len / 4));
		writer_bytes(&w, packet->extension, packet->extension_len);
	}
	return writer_len(&w);
}

int64_t
rtp_unwrap_sequence(struct rtp_unwrap *u, uint16_t sequence)
{
	if (!u->started) {
		u->started = true;
		u->last = sequence;
	} else {
		u->last += rtp_sequence_diff(sequence, (uint16_t)u->last);
	}
	return u->last;
}
