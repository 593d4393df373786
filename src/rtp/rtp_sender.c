/*
 * What a sender counts of one stream, and the reports made of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/rtp_sender.h"
#include "util/writer.h"

void
rtp_sender_sent(struct rtp_sender *s, size_t payload_len, uint32_t rtp_time,
    int64_t media_us)
{
	s->packets++;
	s->bytes += (uint32_t)payload_len;
	s->last_rtp_time = rtp_time;
	s->last_us = media_us;
}

struct rtcp_sender_info
rtp_sender_info(const struct rtp_sender *s, int64_t now_us, uint64_t now_ntp)
{
	const int64_t ahead = (now_us - s->last_us) * s->clock_rate / 1000000;

	return (struct rtcp_sender_info){
		.ntp = now_ntp,
		.rtp = s->last_rtp_time + (uint32_t)ahead,
		.packets = s->packets,
		.bytes = s->bytes,
	};
}

/* A part of `len` bytes was written at w->p; 0 spoils the whole. */
static void
part_written(struct writer *w, size_t len)
{
	if (len == 0)
		w->bad = true;
	else
		w->p += len;
}

size_t
rtp_sender_write_reports(uint8_t *out, size_t size,
    const struct rtp_sender *const senders[], unsigned count, uint32_t ssrc,
    const struct rtcp_report *reports, unsigned report_count,
    const char *cname, int64_t now_us, uint64_t now_ntp)
{
	struct writer w = writer_of(out, size);
	unsigned      spoken = 0;

	for (unsigned i = 0; i < count; i++) {
		struct rtcp_sender_info info;

		if (senders[i]->last_us == 0)
			continue;
		info = rtp_sender_info(senders[i], now_us, now_ntp);
		part_written(&w, rtcp_write_sr(w.p, writer_room(&w),
		    senders[i]->ssrc, &info, reports,
		    spoken++ == 0 ? report_count : 0));
	}
	if (spoken == 0)
		part_written(&w, rtcp_write_rr(w.p, writer_room(&w), ssrc,
		    reports, report_count));
	for (unsigned i = 0; i < count; i++) {
		if (senders[i]->last_us != 0)
			part_written(&w, rtcp_write_sdes(w.p,
			    writer_room(&w), senders[i]->ssrc, cname));
	}
	if (spoken == 0)
		part_written(&w, rtcp_write_sdes(w.p, writer_room(&w), ssrc,
		    cname));
	return writer_len(&w);
}
