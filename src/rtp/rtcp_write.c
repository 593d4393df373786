/*
 * RTCP: writing what we send (the contract is in rtcp_packet.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/rtcp_packet.h"
#include "rtp/rtcp_wire.h"
#include "util/writer.h"

#define NTP_OF_1970 2208988800u	/* seconds from 1900 */
#define REMB_MANTISSA_MAX 0x3ffff
#define LOST_MASK 0xffffff

static struct writer
begin(uint8_t *out, size_t size, unsigned count, uint8_t packet_type)
{
	struct writer w = writer_of(out, size);

	writer_u8(&w, (uint8_t)(0x80 | count));
	writer_u8(&w, packet_type);
	writer_u16(&w, 0);		/* length, by end() */
	return w;
}

/* The length in words, less one. */
static size_t
end(struct writer *w)
{
	writer_u16_at(w, 2, (uint16_t)(writer_len(w) / 4 - 1));
	return writer_len(w);
}

static void
write_reports(struct writer *w, const struct rtcp_report *reports,
    unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		writer_u32(w, reports[i].ssrc);
		writer_u8(w, reports[i].fraction_lost);
		writer_u24(w, (uint32_t)reports[i].lost & LOST_MASK);
		writer_u32(w, reports[i].highest_sequence);
		writer_u32(w, reports[i].jitter);
		writer_u32(w, reports[i].last_sr);
		writer_u32(w, reports[i].delay_since_last_sr);
	}
}

size_t
rtcp_write_sr(uint8_t *out, size_t size, uint32_t ssrc,
    const struct rtcp_sender_info *info, const struct rtcp_report *reports,
    unsigned report_count)
{
	struct writer w;

	if (report_count > RTCP_REPORTS_MAX)
		return 0;
	w = begin(out, size, report_count, RTCP_PT_SR);
	writer_u32(&w, ssrc);
	writer_u64(&w, info->ntp);
	writer_u32(&w, info->rtp);
	writer_u32(&w, info->packets);
	writer_u32(&w, info->bytes);
	write_reports(&w, reports, report_count);
	return end(&w);
}

size_t
rtcp_write_rr(uint8_t *out, size_t size, uint32_t ssrc,
    const struct rtcp_report *reports, unsigned report_count)
{
	struct writer w;

	if (report_count > RTCP_REPORTS_MAX)
		return 0;
	w = begin(out, size, report_count, RTCP_PT_RR);
	writer_u32(&w, ssrc);
	write_reports(&w, reports, report_count);
	return end(&w);
}

size_t
rtcp_write_sdes(uint8_t *out, size_t size, uint32_t ssrc, const char *cname)
{
	struct writer w = begin(out, size, 1, RTCP_PT_SDES);
	const size_t  len = strlen(cname);

	if (len > UINT8_MAX)
		return 0;
	writer_u32(&w, ssrc);
	writer_u8(&w, RTCP_SDES_CNAME);
	writer_u8(&w, (uint8_t)len);
	writer_bytes(&w, cname, len);
	writer_zeros(&w, 4 - writer_len(&w) % 4);	/* at least one */
	return end(&w);
}

size_t
rtcp_write_bye(uint8_t *out, size_t size, uint32_t ssrc)
{
	struct writer w = begin(out, size, 1, RTCP_PT_BYE);

	writer_u32(&w, ssrc);
	return end(&w);
}

size_t
rtcp_write_pli(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint32_t media_ssrc)
{
	struct writer w = begin(out, size, RTCP_FORMAT_PLI, RTCP_PT_PSFB);

	writer_u32(&w, sender_ssrc);
	writer_u32(&w, media_ssrc);
	return end(&w);
}

size_t
rtcp_write_nack(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint32_t media_ssrc, const uint16_t *sequences, unsigned count)
{
	struct writer w = begin(out, size, RTCP_FORMAT_NACK, RTCP_PT_RTPFB);
	unsigned      i = 0;

	if (count == 0)
		return 0;
	writer_u32(&w, sender_ssrc);
	writer_u32(&w, media_ssrc);
	while (i < count) {
		const uint16_t first = sequences[i++];
		unsigned       more = 0;

		for (; i < count; i++) {
			const uint16_t after = (uint16_t)(sequences[i] - first);

			if (after == 0 || after > 16)
				break;
			more |= 1u << (after - 1);
		}
		writer_u16(&w, first);
		writer_u16(&w, (uint16_t)more);
	}
	return end(&w);
}

size_t
rtcp_write_remb(uint8_t *out, size_t size, uint32_t sender_ssrc,
    uint64_t bps, const uint32_t *ssrcs, unsigned count)
{
	struct writer w = begin(out, size, RTCP_FORMAT_APPLICATION,
	    RTCP_PT_PSFB);
	uint32_t      exponent = 0;

	if (count > UINT8_MAX)
		return 0;
	while (bps > REMB_MANTISSA_MAX) {
		bps >>= 1;
		exponent++;
	}
	writer_u32(&w, sender_ssrc);
	writer_u32(&w, 0);
	writer_u32(&w, RTCP_REMB_NAME);
	writer_u8(&w, (uint8_t)count);
	writer_u24(&w, exponent << 18 | (uint32_t)bps);
	for (unsigned i = 0; i < count; i++)
		writer_u32(&w, ssrcs[i]);
	return end(&w);
}

uint64_t
rtcp_ntp_from_us(int64_t us)
{
	const uint64_t from_1900 = (uint64_t)us +
	    (uint64_t)NTP_OF_1970 * 1000000;

	return from_1900 / 1000000 << 32 |
	    (from_1900 % 1000000 << 32) / 1000000;
}
