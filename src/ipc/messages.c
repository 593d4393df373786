/*
 * Bodies of the messages: fields in order, big-endian, text behind.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "ipc/catalogue.h"
#include "ipc/messages.h"
#include "util/log.h"
#include "util/reader.h"
#include "util/writer.h"

/* ---- pieces ------------------------------------------------------------- */

static bool
in(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

/* Whether all was read, no more and no less. */
static bool
reader_done(const struct reader *r)
{
	return !r->bad && r->p == r->end;
}

/* Text of a known length; refuses NUL. */
static const char *
reader_text(struct reader *r, size_t len)
{
	const uint8_t *p = reader_take(r, len);

	if (p && memchr(p, '\0', len))
		r->bad = true;
	return (const char *)p;
}

static bool
max_height_ok(uint16_t max_height)
{
	return max_height == 720 || max_height == 360 || max_height == 180;
}

/* ---- CONFIG ------------------------------------------------------------- */

static void
write_address(struct writer *w, const struct ipc_address *a)
{
	writer_u8(w, a->family);
	writer_u8(w, a->loopback);
	writer_bytes(w, a->bytes, sizeof(a->bytes));
}

static bool
read_address(struct reader *r, struct ipc_address *out)
{
	const uint8_t *bytes;

	out->family = reader_u8(r);
	out->loopback = reader_u8(r);
	bytes = reader_take(r, sizeof(out->bytes));
	if (bytes == NULL)
		return false;
	memcpy(out->bytes, bytes, sizeof(out->bytes));
	return (out->family == 4 || out->family == 6) && out->loopback <= 1;
}

size_t
ipc_config_write(uint8_t *out, size_t size, const struct ipc_config *c)
{
	struct writer w = writer_of(out, size);

	if (c->address_count > IPC_ADDRESSES_MAX)
		return 0;
	writer_u16(&w, c->has_v4);
	writer_u16(&w, c->has_v6);
	writer_u16(&w, c->udp_port);
	writer_u16(&w, c->participants_max);
	writer_u16(&w, c->decode_threads);
	writer_u16(&w, c->log_level);
	writer_u16(&w, c->video_width);
	writer_u16(&w, c->video_height);
	writer_u16(&w, c->video_fps);
	writer_u32(&w, c->video_bps);
	writer_u32(&w, c->audio_bps);
	writer_u16(&w, c->address_count);
	for (unsigned i = 0; i < c->address_count; i++)
		write_address(&w, &c->addresses[i]);
	return writer_len(&w);
}

static bool
config_in_range(const struct ipc_config *c)
{
	return c->has_v4 <= 1 && c->has_v6 <= 1 && c->has_v4 + c->has_v6 > 0 &&
	    c->udp_port > 0 && in(c->participants_max, 1, 256) &&
	    in(c->decode_threads, 1, 8) && c->log_level <= LOG_DEBUG &&
	    in(c->video_width, 16, IPC_CANVAS_MAX) &&
	    in(c->video_height, 16, IPC_CANVAS_MAX) &&
	    c->video_width % 2 == 0 && c->video_height % 2 == 0 &&
	    in(c->video_fps, 1, 60) && in(c->video_bps, 50000, 20000000) &&
	    in(c->audio_bps, 6000, 510000) &&	/* RFC 6716, 2.1.1 */
	    c->address_count <= IPC_ADDRESSES_MAX;
}

int
ipc_config_parse(struct ipc_config *out, const uint8_t *p, size_t len)
{
	struct reader     r = reader_of(p, len);
	struct ipc_config c = { 0 };

	c.has_v4 = reader_u16(&r);
	c.has_v6 = reader_u16(&r);
	c.udp_port = reader_u16(&r);
	c.participants_max = reader_u16(&r);
	c.decode_threads = reader_u16(&r);
	c.log_level = reader_u16(&r);
	c.video_width = reader_u16(&r);
	c.video_height = reader_u16(&r);
	c.video_fps = reader_u16(&r);
	c.video_bps = reader_u32(&r);
	c.audio_bps = reader_u32(&r);
	c.address_count = reader_u16(&r);
	if (r.bad || !config_in_range(&c))
		return -EBADMSG;
	for (unsigned i = 0; i < c.address_count; i++) {
		if (!read_address(&r, &c.addresses[i]))
			return -EBADMSG;
	}
	if (!reader_done(&r))
		return -EBADMSG;
	*out = c;
	return 0;
}

/* ---- OPEN --------------------------------------------------------------- */

size_t
ipc_open_write(uint8_t *out, size_t size, const struct ipc_open *o)
{
	struct writer w = writer_of(out, size);

	if (!in(o->room_len, 1, IPC_ROOM_NAME_MAX))
		return 0;
	writer_u16(&w, (uint16_t)o->room_len);
	writer_bytes(&w, o->room, o->room_len);
	return writer_len(&w);
}

int
ipc_open_parse(struct ipc_open *out, const uint8_t *p, size_t len)
{
	struct reader   r = reader_of(p, len);
	struct ipc_open o;

	o.room_len = reader_u16(&r);
	o.room = reader_text(&r, o.room_len);
	if (!reader_done(&r) || !in(o.room_len, 1, IPC_ROOM_NAME_MAX))
		return -EBADMSG;
	*out = o;
	return 0;
}

/* ---- JOIN --------------------------------------------------------------- */

size_t
ipc_join_write(uint8_t *out, size_t size, const struct ipc_join *j)
{
	struct writer w = writer_of(out, size);

	if (j->name_len > IPC_NAME_MAX || !in(j->sdp_len, 1, IPC_SDP_MAX))
		return 0;
	writer_u32(&w, j->request);
	writer_u32(&w, j->participant);
	writer_u32(&w, j->place);
	writer_u16(&w, j->direction);
	writer_u16(&w, j->loopback);
	writer_u16(&w, j->max_height);
	writer_u16(&w, j->up_kbps);
	writer_u16(&w, (uint16_t)j->name_len);
	writer_u32(&w, (uint32_t)j->sdp_len);
	writer_bytes(&w, j->name, j->name_len);
	writer_bytes(&w, j->sdp, j->sdp_len);
	return writer_len(&w);
}

int
ipc_join_parse(struct ipc_join *out, const uint8_t *p, size_t len)
{
	struct reader   r = reader_of(p, len);
	struct ipc_join j;

	j.request = reader_u32(&r);
	j.participant = reader_u32(&r);
	j.place = reader_u32(&r);
	j.direction = reader_u16(&r);
	j.loopback = reader_u16(&r);
	j.max_height = reader_u16(&r);
	j.up_kbps = reader_u16(&r);
	j.name_len = reader_u16(&r);
	j.sdp_len = reader_u32(&r);
	j.name = reader_text(&r, j.name_len);
	j.sdp = reader_text(&r, j.sdp_len);
	if (!reader_done(&r) || j.direction > IPC_JOIN_WATCH ||
	    j.loopback > 1 || !max_height_ok(j.max_height) ||
	    j.name_len > IPC_NAME_MAX || !in(j.sdp_len, 1, IPC_SDP_MAX))
		return -EBADMSG;
	*out = j;
	return 0;
}

/* ---- PATCH -------------------------------------------------------------- */

size_t
ipc_patch_write(uint8_t *out, size_t size, const struct ipc_patch *c)
{
	struct writer w = writer_of(out, size);
	const size_t  name_len = c->has_name ? c->name_len : 0;

	if (name_len > IPC_NAME_MAX)
		return 0;
	writer_u32(&w, c->participant);
	writer_u8(&w, c->mic);
	writer_u8(&w, c->camera);
	writer_u16(&w, c->max_height);
	writer_u16(&w, c->has_name);
	writer_u16(&w, (uint16_t)name_len);
	writer_bytes(&w, c->name, name_len);
	return writer_len(&w);
}

int
ipc_patch_parse(struct ipc_patch *out, const uint8_t *p, size_t len)
{
	struct reader    r = reader_of(p, len);
	struct ipc_patch c;
	uint16_t         has_name;

	c.participant = reader_u32(&r);
	c.mic = reader_u8(&r);
	c.camera = reader_u8(&r);
	c.max_height = reader_u16(&r);
	has_name = reader_u16(&r);
	c.name_len = reader_u16(&r);
	c.name = reader_text(&r, c.name_len);
	if (!reader_done(&r) || c.mic > 1 || c.camera > 1 ||
	    !max_height_ok(c.max_height) || has_name > 1 ||
	    c.name_len > (has_name ? IPC_NAME_MAX : 0))
		return -EBADMSG;
	c.has_name = has_name != 0;
	*out = c;
	return 0;
}

/* ---- RESTART ------------------------------------------------------------ */

size_t
ipc_restart_write(uint8_t *out, size_t size, const struct ipc_restart *f)
{
	struct writer w = writer_of(out, size);

	if (!in(f->fragment_len, 1, IPC_SDP_MAX))
		return 0;
	writer_u32(&w, f->request);
	writer_u32(&w, f->participant);
	writer_u16(&w, f->loopback);
	writer_u32(&w, (uint32_t)f->fragment_len);
	writer_bytes(&w, f->fragment, f->fragment_len);
	return writer_len(&w);
}

int
ipc_restart_parse(struct ipc_restart *out, const uint8_t *p, size_t len)
{
	struct reader      r = reader_of(p, len);
	struct ipc_restart f;

	f.request = reader_u32(&r);
	f.participant = reader_u32(&r);
	f.loopback = reader_u16(&r);
	f.fragment_len = reader_u32(&r);
	f.fragment = reader_text(&r, f.fragment_len);
	if (!reader_done(&r) || f.loopback > 1 ||
	    !in(f.fragment_len, 1, IPC_SDP_MAX))
		return -EBADMSG;
	*out = f;
	return 0;
}

/* ---- LEAVE -------------------------------------------------------------- */

size_t
ipc_leave_write(uint8_t *out, size_t size, const struct ipc_leave *l)
{
	struct writer w = writer_of(out, size);

	writer_u32(&w, l->participant);
	writer_u32(&w, l->reason);
	return writer_len(&w);
}

int
ipc_leave_parse(struct ipc_leave *out, const uint8_t *p, size_t len)
{
	struct reader    r = reader_of(p, len);
	struct ipc_leave l;

	l.participant = reader_u32(&r);
	l.reason = reader_u32(&r);
	if (!reader_done(&r) ||
	    !in(l.reason, IPC_GONE_LEFT, IPC_GONE_REPLACED))
		return -EBADMSG;
	*out = l;
	return 0;
}

/* ---- HELLO, READY ------------------------------------------------------- */

size_t
ipc_hello_write(uint8_t *out, size_t size, const struct ipc_hello *h)
{
	struct writer w = writer_of(out, size);

	writer_u32(&w, h->version);
	writer_u32(&w, h->pid);
	return writer_len(&w);
}

int
ipc_hello_parse(struct ipc_hello *out, const uint8_t *p, size_t len)
{
	struct reader    r = reader_of(p, len);
	struct ipc_hello h;

	h.version = reader_u32(&r);
	h.pid = reader_u32(&r);
	if (!reader_done(&r) || h.version != IPC_VERSION || h.pid == 0)
		return -EBADMSG;
	*out = h;
	return 0;
}

size_t
ipc_ready_write(uint8_t *out, size_t size, const struct ipc_ready *ready)
{
	struct writer w = writer_of(out, size);

	writer_bytes(&w, ready->fingerprint, sizeof(ready->fingerprint));
	return writer_len(&w);
}

int
ipc_ready_parse(struct ipc_ready *out, const uint8_t *p, size_t len)
{
	struct reader  r = reader_of(p, len);
	const uint8_t *bytes = reader_take(&r, sizeof(out->fingerprint));

	if (!reader_done(&r))
		return -EBADMSG;
	memcpy(out->fingerprint, bytes, sizeof(out->fingerprint));
	return 0;
}

/* ---- ANSWER ------------------------------------------------------------- */

size_t
ipc_answer_write(uint8_t *out, size_t size, const struct ipc_answer *a)
{
	struct writer w = writer_of(out, size);

	if (a->text_len > IPC_SDP_MAX)
		return 0;
	writer_u32(&w, a->request);
	writer_u32(&w, a->participant);
	writer_u32(&w, a->status);
	writer_u32(&w, (uint32_t)a->text_len);
	writer_bytes(&w, a->text, a->text_len);
	return writer_len(&w);
}

int
ipc_answer_parse(struct ipc_answer *out, const uint8_t *p, size_t len)
{
	struct reader     r = reader_of(p, len);
	struct ipc_answer a;

	a.request = reader_u32(&r);
	a.participant = reader_u32(&r);
	a.status = reader_u32(&r);
	a.text_len = reader_u32(&r);
	a.text = reader_text(&r, a.text_len);
	if (!reader_done(&r) || a.status > IPC_ANSWER_GONE ||
	    a.text_len > IPC_SDP_MAX ||
	    (a.status == IPC_ANSWER_OK && a.text_len == 0))
		return -EBADMSG;
	*out = a;
	return 0;
}

/* ---- PRESENCE ----------------------------------------------------------- */

size_t
ipc_presence_write(uint8_t *out, size_t size, const struct ipc_presence *s)
{
	struct writer w = writer_of(out, size);

	writer_u32(&w, s->participant);
	writer_u16(&w, s->state);
	writer_u16(&w, s->reason);
	return writer_len(&w);
}

int
ipc_presence_parse(struct ipc_presence *out, const uint8_t *p, size_t len)
{
	struct reader       r = reader_of(p, len);
	struct ipc_presence s;

	s.participant = reader_u32(&r);
	s.state = reader_u16(&r);
	s.reason = reader_u16(&r);
	if (!reader_done(&r) || s.state > IPC_GONE)
		return -EBADMSG;
	if (s.state == IPC_GONE ?
	    !in(s.reason, IPC_GONE_LEFT, IPC_GONE_REPLACED) : s.reason != 0)
		return -EBADMSG;
	*out = s;
	return 0;
}

/* ---- TILEMAP ------------------------------------------------------------ */

size_t
ipc_tilemap_write(uint8_t *out, size_t size, const struct ipc_tilemap *m)
{
	struct writer w = writer_of(out, size);

	if (m->tile_count > IPC_TILES_MAX)
		return 0;
	writer_u32(&w, m->version);
	writer_u32(&w, m->rtp);
	writer_u16(&w, m->width);
	writer_u16(&w, m->height);
	writer_u16(&w, m->tile_count);
	for (unsigned i = 0; i < m->tile_count; i++) {
		const struct ipc_tile *t = &m->tiles[i];

		writer_u32(&w, t->participant);
		writer_u16(&w, t->x);
		writer_u16(&w, t->y);
		writer_u16(&w, t->w);
		writer_u16(&w, t->h);
	}
	return writer_len(&w);
}

static bool
read_tile(struct reader *r, struct ipc_tile *t, const struct ipc_tilemap *m)
{
	t->participant = reader_u32(r);
	t->x = reader_u16(r);
	t->y = reader_u16(r);
	t->w = reader_u16(r);
	t->h = reader_u16(r);
	return !r->bad && t->w > 0 && t->h > 0 &&
	    (uint32_t)t->x + t->w <= m->width &&
	    (uint32_t)t->y + t->h <= m->height;
}

int
ipc_tilemap_parse(struct ipc_tilemap *out, const uint8_t *p, size_t len)
{
	struct reader      r = reader_of(p, len);
	struct ipc_tilemap m = { 0 };

	m.version = reader_u32(&r);
	m.rtp = reader_u32(&r);
	m.width = reader_u16(&r);
	m.height = reader_u16(&r);
	m.tile_count = reader_u16(&r);
	if (r.bad || m.tile_count > IPC_TILES_MAX ||
	    !in(m.width, 16, IPC_CANVAS_MAX) ||
	    !in(m.height, 16, IPC_CANVAS_MAX))
		return -EBADMSG;
	for (unsigned i = 0; i < m.tile_count; i++) {
		if (!read_tile(&r, &m.tiles[i], &m))
			return -EBADMSG;
	}
	if (!reader_done(&r))
		return -EBADMSG;
	*out = m;
	return 0;
}

/* ---- SPEAKING ----------------------------------------------------------- */

size_t
ipc_speaking_write(uint8_t *out, size_t size, const struct ipc_speaking *s)
{
	struct writer w = writer_of(out, size);

	if (s->count > IPC_SPEAKERS_MAX)
		return 0;
	writer_u32(&w, s->count);
	for (unsigned i = 0; i < s->count; i++)
		writer_u32(&w, s->participants[i]);
	return writer_len(&w);
}

int
ipc_speaking_parse(struct ipc_speaking *out, const uint8_t *p, size_t len)
{
	struct reader       r = reader_of(p, len);
	struct ipc_speaking s = { 0 };

	s.count = reader_u32(&r);
	if (s.count > IPC_SPEAKERS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < s.count; i++)
		s.participants[i] = reader_u32(&r);
	if (!reader_done(&r))
		return -EBADMSG;
	*out = s;
	return 0;
}

/* ---- QUALITY ------------------------------------------------------------ */

size_t
ipc_quality_write(uint8_t *out, size_t size, const struct ipc_quality *q)
{
	struct writer w = writer_of(out, size);

	if (q->count > IPC_LINES_MAX)
		return 0;
	writer_u32(&w, q->count);
	for (unsigned i = 0; i < q->count; i++) {
		const struct ipc_quality_line *line = &q->lines[i];

		writer_u32(&w, line->participant);
		writer_u8(&w, line->reason);
		writer_u8(&w, line->up_loss);
		writer_u8(&w, line->down_loss);
		writer_u8(&w, line->fps);
		writer_u16(&w, line->height);
		writer_u16(&w, line->rtt_ms);
		writer_u32(&w, line->up_kbps);
		writer_u32(&w, line->down_kbps);
		writer_u32(&w, line->line_kbps);
		writer_u32(&w, line->wanted_kbps);
		writer_u32(&w, line->up_line_kbps);
	}
	return writer_len(&w);
}

int
ipc_quality_parse(struct ipc_quality *out, const uint8_t *p, size_t len)
{
	struct reader      r = reader_of(p, len);
	struct ipc_quality q = { 0 };

	q.count = reader_u32(&r);
	if (q.count > IPC_LINES_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < q.count; i++) {
		struct ipc_quality_line *line = &q.lines[i];

		line->participant = reader_u32(&r);
		line->reason = reader_u8(&r);
		line->up_loss = reader_u8(&r);
		line->down_loss = reader_u8(&r);
		line->fps = reader_u8(&r);
		line->height = reader_u16(&r);
		line->rtt_ms = reader_u16(&r);
		line->up_kbps = reader_u32(&r);
		line->down_kbps = reader_u32(&r);
		line->line_kbps = reader_u32(&r);
		line->wanted_kbps = reader_u32(&r);
		line->up_line_kbps = reader_u32(&r);
		if (line->reason > IPC_QUALITY_DELAY)
			return -EBADMSG;
	}
	if (!reader_done(&r))
		return -EBADMSG;
	*out = q;
	return 0;
}

/* ---- STATS -------------------------------------------------------------- */

#define STATS_GAUGES   18
#define STATS_COUNTERS 21

/* The 32-bit fields of a struct ipc_stats, in order. */
static void
stats_gauges(struct ipc_stats *s, uint32_t *field[STATS_GAUGES])
{
	uint32_t *const all[STATS_GAUGES] = {
		&s->participants, &s->watchers, &s->video_encoders,
		&s->video_viewers, &s->audio_encoders, &s->video_decoders,
		&s->video_streams, &s->video_streams_decoded,
		&s->video_pixels, &s->video_pixels_decoded,
		&s->load_step, &s->still,
		&s->lines, &s->lines_kbps, &s->lines_loss_q8,
		&s->lines_rtt_ms, &s->lines_queue_ms, &s->lines_silent,
	};

	memcpy(field, all, sizeof(all));
}

/* The 64-bit fields, in order. */
static void
stats_counters(struct ipc_stats *s, uint64_t *field[STATS_COUNTERS])
{
	uint64_t *const all[STATS_COUNTERS] = {
		&s->packets_in, &s->packets_out, &s->bytes_in, &s->bytes_out,
		&s->packets_bad, &s->packets_dropped, &s->frames_decoded,
		&s->frames_encoded, &s->keyframes_encoded,
		&s->keyframes_asked, &s->nacks_in, &s->nacks_out, &s->resent,
		&s->probes,
		&s->audio_concealed, &s->audio_late_ticks, &s->cpu_net_us,
		&s->cpu_audio_us, &s->cpu_decode_us, &s->cpu_compose_us,
		&s->cpu_encode_us,
	};

	memcpy(field, all, sizeof(all));
}

_Static_assert(sizeof(struct ipc_stats) ==
    (STATS_GAUGES + 2 * VIDEO_CODECS * IPC_RUNGS) * 4 + STATS_COUNTERS * 8,
    "each field is in a list above");

size_t
ipc_stats_write(uint8_t *out, size_t size, const struct ipc_stats *stats)
{
	struct writer    w = writer_of(out, size);
	struct ipc_stats s = *stats;
	uint32_t        *gauge[STATS_GAUGES];
	uint64_t        *counter[STATS_COUNTERS];

	stats_gauges(&s, gauge);
	stats_counters(&s, counter);
	for (unsigned i = 0; i < STATS_GAUGES; i++)
		writer_u32(&w, *gauge[i]);
	for (unsigned c = 0; c < VIDEO_CODECS; c++) {
		for (unsigned i = 0; i < IPC_RUNGS; i++) {
			writer_u32(&w, s.rung_encoders[c][i]);
			writer_u32(&w, s.rung_viewers[c][i]);
		}
	}
	for (unsigned i = 0; i < STATS_COUNTERS; i++)
		writer_u64(&w, *counter[i]);
	return writer_len(&w);
}

int
ipc_stats_parse(struct ipc_stats *out, const uint8_t *p, size_t len)
{
	struct reader    r = reader_of(p, len);
	struct ipc_stats s = { 0 };
	uint32_t        *gauge[STATS_GAUGES];
	uint64_t        *counter[STATS_COUNTERS];

	stats_gauges(&s, gauge);
	stats_counters(&s, counter);
	for (unsigned i = 0; i < STATS_GAUGES; i++)
		*gauge[i] = reader_u32(&r);
	for (unsigned c = 0; c < VIDEO_CODECS; c++) {
		for (unsigned i = 0; i < IPC_RUNGS; i++) {
			s.rung_encoders[c][i] = reader_u32(&r);
			s.rung_viewers[c][i] = reader_u32(&r);
		}
	}
	for (unsigned i = 0; i < STATS_COUNTERS; i++)
		*counter[i] = reader_u64(&r);
	if (!reader_done(&r))
		return -EBADMSG;
	*out = s;
	return 0;
}

/* ---- LOAD, LOG, PING, PONG ---------------------------------------------- */

size_t
ipc_load_write(uint8_t *out, size_t size, const struct ipc_load *load)
{
	struct writer w = writer_of(out, size);

	writer_u8(&w, load->high);
	writer_u8(&w, load->idle_percent);
	writer_u16(&w, 0);
	return writer_len(&w);
}

int
ipc_load_parse(struct ipc_load *out, const uint8_t *p, size_t len)
{
	struct reader   r = reader_of(p, len);
	struct ipc_load load;

	load.high = reader_u8(&r);
	load.idle_percent = reader_u8(&r);
	if (reader_u16(&r) != 0 || !reader_done(&r) || load.high > 1 ||
	    (load.idle_percent > 100 &&
	    load.idle_percent != IPC_IDLE_UNKNOWN))
		return -EBADMSG;
	*out = load;
	return 0;
}

size_t
ipc_log_write(uint8_t *out, size_t size, const struct ipc_log *l)
{
	struct writer w = writer_of(out, size);

	if (l->text_len > IPC_LOG_MAX)
		return 0;
	writer_u32(&w, l->level);
	writer_u32(&w, (uint32_t)l->text_len);
	writer_bytes(&w, l->text, l->text_len);
	return writer_len(&w);
}

int
ipc_log_parse(struct ipc_log *out, const uint8_t *p, size_t len)
{
	struct reader  r = reader_of(p, len);
	struct ipc_log l;

	l.level = reader_u32(&r);
	l.text_len = reader_u32(&r);
	l.text = reader_text(&r, l.text_len);
	if (!reader_done(&r) || l.level > LOG_DEBUG ||
	    l.text_len > IPC_LOG_MAX)
		return -EBADMSG;
	*out = l;
	return 0;
}

size_t
ipc_ping_write(uint8_t *out, size_t size, const struct ipc_ping *ping)
{
	struct writer w = writer_of(out, size);

	writer_u64(&w, ping->token);
	return writer_len(&w);
}

int
ipc_ping_parse(struct ipc_ping *out, const uint8_t *p, size_t len)
{
	struct reader  r = reader_of(p, len);
	const uint64_t token = reader_u64(&r);

	if (!reader_done(&r))
		return -EBADMSG;
	out->token = token;
	return 0;
}
