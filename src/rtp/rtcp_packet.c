/*
 * RTCP: reading compounds (the writers are in rtcp_write.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "rtp/ccfb_report.h"
#include "rtp/rtcp_packet.h"
#include "rtp/rtcp_wire.h"
#include "rtp/twcc_report.h"
#include "util/reader.h"

static void
keep_body(struct rtcp_part *part, struct reader *r, size_t len)
{
	part->body = reader_take(r, len);
	part->body_len = part->body ? len : 0;
}

static void
parse_report(struct rtcp_part *part, struct reader *r, unsigned count)
{
	part->sender_ssrc = reader_u32(r);
	if (part->type == RTCP_SENDER_REPORT) {
		part->sender.ntp = reader_u64(r);
		part->sender.rtp = reader_u32(r);
		part->sender.packets = reader_u32(r);
		part->sender.bytes = reader_u32(r);
	}
	part->report_count = count;
	keep_body(part, r, (size_t)count * RTCP_REPORT_LEN);
	/* A profile's own words may follow the blocks. */
}

/* RFC 3550, 6.5: each chunk ends with one to four zero bytes. */
static void
parse_sdes(struct rtcp_part *part, struct reader *r, unsigned count)
{
	struct reader items;

	keep_body(part, r, reader_left(r));
	items = reader_of(part->body, part->body_len);
	for (unsigned i = 0; i < count && !items.bad; i++) {
		const uint32_t ssrc = reader_u32(&items);

		if (i == 0)
			part->sender_ssrc = ssrc;
		while (reader_left(&items) > 0 && reader_u8(&items) != 0)
			reader_skip(&items, reader_u8(&items));
		reader_skip(&items, reader_left(&items) % 4);
	}
	if (items.bad)
		r->bad = true;
}

static void
parse_bye(struct rtcp_part *part, struct reader *r, unsigned count)
{
	struct reader ssrcs;

	keep_body(part, r, (size_t)count * 4);
	ssrcs = reader_of(part->body, part->body_len);
	if (count > 0)
		part->sender_ssrc = reader_u32(&ssrcs);
	if (reader_left(r) > 0)		/* a reason */
		reader_skip(r, reader_u8(r));
}

static void
parse_transport_feedback(struct rtcp_part *part, struct reader *r,
    unsigned format)
{
	struct twcc_report twcc;
	struct ccfb_report ccfb;

	part->sender_ssrc = reader_u32(r);
	if (format == RTCP_FORMAT_CCFB) {
		part->type = RTCP_CCFB;
		keep_body(part, r, reader_left(r));
		if (ccfb_report_begin(&ccfb, part->body, part->body_len) != 0)
			r->bad = true;
		return;
	}
	part->media_ssrc = reader_u32(r);
	if (format == RTCP_FORMAT_NACK) {
		part->type = RTCP_NACK;
		keep_body(part, r, reader_left(r));
		if (part->body_len == 0)
			r->bad = true;
	} else if (format == RTCP_FORMAT_TWCC) {
		part->type = RTCP_TWCC;
		keep_body(part, r, reader_left(r));
		if (twcc_report_begin(&twcc, part->body, part->body_len) != 0)
			r->bad = true;
	} else {
		keep_body(part, r, reader_left(r));
	}
}

/* draft-alvestrand-rmcat-remb-03, 2.2; other AFBs are not ours to know. */
static void
parse_application(struct rtcp_part *part, struct reader *r)
{
	struct reader fields;
	uint32_t      rate;
	unsigned      count;

	keep_body(part, r, reader_left(r));
	fields = reader_of(part->body, part->body_len);
	if (reader_u32(&fields) != RTCP_REMB_NAME)
		return;
	part->type = RTCP_REMB;
	count = reader_u8(&fields);
	rate = reader_u24(&fields);
	reader_skip(&fields, (size_t)count * 4);
	part->remb_bps = (uint64_t)(rate & 0x3ffff) << (rate >> 18);
	if (part->remb_bps >> (rate >> 18) != (rate & 0x3ffff))
		fields.bad = true;	/* more than 64 bits */
	if (fields.bad)
		r->bad = true;
}

static void
parse_payload_feedback(struct rtcp_part *part, struct reader *r,
    unsigned format)
{
	part->sender_ssrc = reader_u32(r);
	part->media_ssrc = reader_u32(r);
	if (format == RTCP_FORMAT_APPLICATION) {
		parse_application(part, r);
	} else if (format == RTCP_FORMAT_FIR) {
		struct reader entry;

		part->type = RTCP_FIR;
		keep_body(part, r, reader_left(r));
		entry = reader_of(part->body, part->body_len);
		part->media_ssrc = reader_u32(&entry);
		part->fir_sequence = reader_u8(&entry);
		if (part->body_len == 0 || part->body_len % 8 != 0)
			r->bad = true;
	} else {
		if (format == RTCP_FORMAT_PLI)
			part->type = RTCP_PLI;
		keep_body(part, r, reader_left(r));
	}
}

static void
parse_body(struct rtcp_part *part, struct reader *r, uint8_t packet_type,
    unsigned count)
{
	part->type = RTCP_OTHER;
	switch (packet_type) {
	case RTCP_PT_SR:
		part->type = RTCP_SENDER_REPORT;
		parse_report(part, r, count);
		break;
	case RTCP_PT_RR:
		part->type = RTCP_RECEIVER_REPORT;
		parse_report(part, r, count);
		break;
	case RTCP_PT_SDES:
		part->type = RTCP_SDES;
		parse_sdes(part, r, count);
		break;
	case RTCP_PT_BYE:
		part->type = RTCP_BYE;
		parse_bye(part, r, count);
		break;
	case RTCP_PT_RTPFB:
		parse_transport_feedback(part, r, count);
		break;
	case RTCP_PT_PSFB:
		parse_payload_feedback(part, r, count);
		break;
	default:
		keep_body(part, r, reader_left(r));
		break;
	}
}

/*
 * One part from its header on. Padding is taken off wherever it stands:
 * browsers pad transport-wide feedback that other parts follow. They do so
 * with one to three bytes, although RFC 3550, 6.4.1 wants multiples of four.
 */
static void
parse_part(struct rtcp_part *part, struct reader *r)
{
	const uint8_t first = reader_u8(r);
	const uint8_t packet_type = reader_u8(r);
	const size_t  len = (size_t)4 * reader_u16(r);
	struct reader body = reader_sub(r, len);

	if (first >> 6 != 2)
		r->bad = true;
	if (r->bad)
		return;
	if (first & 0x20) {
		const size_t padding = len > 0 ? body.end[-1] : 0;

		if (padding == 0 || padding > len) {
			r->bad = true;
			return;
		}
		body = reader_of(body.p, len - padding);
	}
	parse_body(part, &body, packet_type, first & 0x1f);
	if (body.bad)
		r->bad = true;
}

int
rtcp_parse(struct rtcp_compound *out, const uint8_t *bytes, size_t len)
{
	struct rtcp_compound compound;
	struct reader        r = reader_of(bytes, len);

	compound.count = 0;
	while (reader_left(&r) > 0) {
		if (compound.count == RTCP_PARTS_MAX)
			return -EBADMSG;
		memset(&compound.parts[compound.count], 0,
		    sizeof(compound.parts[0]));
		parse_part(&compound.parts[compound.count], &r);
		compound.count++;
	}
	if (r.bad || compound.count == 0)
		return -EBADMSG;
	out->count = compound.count;
	memcpy(out->parts, compound.parts,
	    compound.count * sizeof(compound.parts[0]));
	return 0;
}

struct rtcp_report
rtcp_part_report(const struct rtcp_part *part, unsigned i)
{
	struct reader      r = reader_of(part->body, part->body_len);
	struct rtcp_report report;

	reader_skip(&r, (size_t)i * RTCP_REPORT_LEN);
	report.ssrc = reader_u32(&r);
	report.fraction_lost = reader_u8(&r);
	report.lost = (int32_t)reader_u24(&r);
	if (report.lost & 0x800000)
		report.lost -= 0x1000000;
	report.highest_sequence = reader_u32(&r);
	report.jitter = reader_u32(&r);
	report.last_sr = reader_u32(&r);
	report.delay_since_last_sr = reader_u32(&r);
	return report;
}

unsigned
rtcp_part_nacks(const struct rtcp_part *part, uint16_t out[RTCP_NACKS_MAX])
{
	struct reader r = reader_of(part->body, part->body_len);
	unsigned      count = 0;

	while (reader_left(&r) > 0 && count < RTCP_NACKS_MAX) {
		const uint16_t first = reader_u16(&r);
		const unsigned more = reader_u16(&r);

		out[count++] = first;
		for (unsigned i = 0; i < 16 && count < RTCP_NACKS_MAX; i++)
			if (more >> i & 1)
				out[count++] = (uint16_t)(first + i + 1);
	}
	return count;
}
