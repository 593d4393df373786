/*
 * Reading header extension elements: one-byte and two-byte forms (RFC 8285).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/rtp_extension.h"
#include "util/reader.h"

#define PROFILE_ONE_BYTE 0xbede
#define PROFILE_TWO_BYTE 0x1000		/* low four bits are the application's */

/* RFC 8285, 4.2. */
static const uint8_t *
find_one_byte(struct reader r, uint8_t id, size_t *len)
{
	while (reader_left(&r) > 0) {
		const uint8_t  head = reader_u8(&r);
		const size_t   element_len = (size_t)(head & 0x0f) + 1;
		const uint8_t *element;

		if (head == 0)
			continue;
		/* 15 ends the block, and so does padding with a length. */
		if (head >> 4 == 15 || head >> 4 == 0)
			return NULL;
		element = reader_take(&r, element_len);
		if (element && head >> 4 == id) {
			*len = element_len;
			return element;
		}
	}
	return NULL;
}

/* RFC 8285, 4.3. */
static const uint8_t *
find_two_byte(struct reader r, uint8_t id, size_t *len)
{
	while (reader_left(&r) > 0) {
		const uint8_t  element_id = reader_u8(&r);
		size_t         element_len;
		const uint8_t *element;

		if (element_id == 0)
			continue;
		element_len = reader_u8(&r);
		element = reader_take(&r, element_len);
		if (element && element_id == id) {
			*len = element_len;
			return element;
		}
	}
	return NULL;
}

const uint8_t *
rtp_extension_find(const struct rtp_packet *packet, uint8_t id, size_t *len)
{
	const struct reader r = reader_of(packet->extension,
	    packet->extension_len);

	if (id == 0 || packet->extension == NULL)
		return NULL;
	if (packet->extension_profile == PROFILE_ONE_BYTE)
		return find_one_byte(r, id, len);
	if ((packet->extension_profile & 0xfff0) == PROFILE_TWO_BYTE)
		return find_two_byte(r, id, len);
	return NULL;
}

bool
rtp_extension_audio_level(const struct rtp_packet *packet, uint8_t id,
    uint8_t *level_dbov, bool *voice)
{
	size_t         len = 0;
	const uint8_t *element = rtp_extension_find(packet, id, &len);

	if (element == NULL || len != 1)
		return false;
	*level_dbov = element[0] & 0x7f;
	*voice = element[0] & 0x80;
	return true;
}

bool
rtp_extension_transport_sequence(const struct rtp_packet *packet,
    uint8_t id, uint16_t *sequence)
{
	size_t         len = 0;
	const uint8_t *element = rtp_extension_find(packet, id, &len);
	struct reader  r = reader_of(element, len);

	if (element == NULL || len != 2)
		return false;
	*sequence = reader_u16(&r);
	return true;
}
