/*
 * Reading a session description (RFC 8866) into spans of its own text.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sdp/sdp.h"
#include "util/encode.h"
#include "util/reader.h"

#define MID_MAX        64
#define ICE_UFRAG_MIN  4	/* RFC 8839, 5.4 */
#define ICE_PWD_MIN    22
#define ICE_MAX        256
#define EXTENSION_MAX  255	/* RFC 8285, two-byte form */

/* ---- spans ------------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
sdp_span_equal(struct sdp_span a, struct sdp_span b)
{
	return a.p != NULL && b.p != NULL && a.len == b.len &&
	    memcmp(a.p, b.p, a.len) == 0;
}

bool
sdp_span_is(struct sdp_span span, const char *text)
{
	if (span.p == NULL || span.len != strlen(text))
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if (lower(span.p[i]) != lower(text[i]))
			return false;
	}
	return true;
}

/* Up to `stop`, which is taken too; all that is left when it is not there. */
static struct sdp_span
take_until(struct reader *r, char stop)
{
	const size_t    left = reader_left(r);
	const char     *p = (const char *)r->p;
	const char     *at = left ? memchr(p, stop, left) : NULL;
	struct sdp_span span = { p, at ? (size_t)(at - p) : left };

	reader_skip(r, span.len + (at ? 1 : 0));
	return span;
}

static struct reader
reader_of_span(struct sdp_span span)
{
	return reader_of(span.p, span.len);
}

static struct sdp_span
rest_of(const struct reader *r)
{
	const struct sdp_span span = { (const char *)r->p, reader_left(r) };

	return span;
}

bool
sdp_word(struct sdp_span *word, struct sdp_span *words)
{
	struct reader r = reader_of_span(*words);

	while (reader_left(&r) > 0) {
		const struct sdp_span next = take_until(&r, ' ');

		if (next.len > 0) {
			*word = next;
			*words = rest_of(&r);
			return true;
		}
	}
	*words = rest_of(&r);
	return false;
}

bool
sdp_u32(uint32_t *out, struct sdp_span span, uint32_t max)
{
	uint64_t value = 0;

	if (span.p == NULL || span.len == 0 || span.len > 10)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if (span.p[i] < '0' || span.p[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(span.p[i] - '0');
	}
	if (value > max)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* RFC 8839, 5.4: ice-char. */
static bool
is_ice_text(struct sdp_span span, size_t least)
{
	if (span.len < least || span.len > ICE_MAX)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		const char c = lower(span.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '+' && c != '/')
			return false;
	}
	return true;
}

/* RFC 8866, 9: token. */
static bool
is_token(struct sdp_span span, size_t max)
{
	static const char others[] = "\"(),/:;<=>?@[\\]";

	if (span.len == 0 || span.len > max)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		const char c = span.p[i];

		if (c <= ' ' || c > '~' || strchr(others, c))
			return false;
	}
	return true;
}

/* ---- attributes -------------------------------------------------------- */

static struct sdp_format *
format_find(struct sdp_media *m, struct sdp_span number)
{
	uint32_t pt;

	if (!sdp_u32(&pt, number, 127))
		return NULL;
	for (unsigned i = 0; i < m->format_count; i++) {
		if (m->formats[i].payload_type == pt)
			return &m->formats[i];
	}
	return NULL;
}

/* "111 opus/48000/2"; of payload types the m= line does not name: ignored. */
static bool
on_rtpmap(struct sdp_media *m, struct sdp_span value)
{
	struct sdp_span    number, encoding;
	struct sdp_format *format;
	uint32_t           pt;

	if (!sdp_word(&number, &value) || !sdp_word(&encoding, &value) ||
	    !sdp_u32(&pt, number, 127))
		return false;
	format = format_find(m, number);
	if (format && format->encoding.p == NULL)
		format->encoding = encoding;
	return true;
}

static bool
on_fmtp(struct sdp_media *m, struct sdp_span value)
{
	struct sdp_span    number;
	struct sdp_format *format;

	if (!sdp_word(&number, &value))
		return false;
	format = format_find(m, number);
	if (format && format->parameters.p == NULL)
		format->parameters = value;
	return true;
}

static bool
on_rtcp_fb(struct sdp_media *m, struct sdp_span value)
{
	static const struct {
		const char       *text;
		enum sdp_feedback feedback;
	} known[] = {
		{ "nack", SDP_FB_NACK }, { "nack pli", SDP_FB_PLI },
		{ "ccm fir", SDP_FB_FIR }, { "goog-remb", SDP_FB_REMB },
		{ "transport-cc", SDP_FB_TWCC },
	};
	struct sdp_span    number;
	struct sdp_format *format;

	if (!sdp_word(&number, &value))
		return false;
	format = format_find(m, number);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!sdp_span_is(value, known[i].text))
			continue;
		if (sdp_span_is(number, "*"))
			m->any_feedback |= known[i].feedback;
		else if (format)
			format->feedback |= known[i].feedback;
	}
	return true;
}

/* "3/recvonly urn:…" (RFC 8285, 5). */
static bool
on_extmap(struct sdp_media *m, struct sdp_span value)
{
	struct sdp_span       head, uri, number, direction;
	struct sdp_extension *e;
	struct reader         r;
	uint32_t              id;

	if (!sdp_word(&head, &value) || !sdp_word(&uri, &value))
		return false;
	r = reader_of_span(head);
	number = take_until(&r, '/');
	direction = rest_of(&r);
	/* 4096 to 4351 stand for ids that are not fixed yet. */
	if (!sdp_u32(&id, number, 4351))
		return false;
	if (id == 0 || id > EXTENSION_MAX ||
	    m->extension_count == SDP_EXTENSIONS_MAX)
		return true;
	e = &m->extensions[m->extension_count++];
	e->id = (uint8_t)id;
	e->uri = uri;
	e->send = !sdp_span_is(direction, "recvonly") &&
	    !sdp_span_is(direction, "inactive");
	e->receive = !sdp_span_is(direction, "sendonly") &&
	    !sdp_span_is(direction, "inactive");
	return true;
}

static void
source_add(uint32_t *sources, unsigned *count, uint32_t ssrc)
{
	for (unsigned i = 0; i < *count; i++) {
		if (sources[i] == ssrc)
			return;
	}
	if (*count < SDP_SOURCES_MAX)
		sources[(*count)++] = ssrc;
}

static bool
on_ssrc(struct sdp_media *m, struct sdp_span value)
{
	struct sdp_span number;
	uint32_t        ssrc;

	if (!sdp_word(&number, &value) || !sdp_u32(&ssrc, number, UINT32_MAX))
		return false;
	source_add(m->sources, &m->source_count, ssrc);
	return true;
}

/* "FID 1 2": the first carries media, the others repair it (RFC 5576). */
static bool
on_ssrc_group(struct sdp_media *m, struct sdp_span value)
{
	struct sdp_span semantics, number;
	uint32_t        ssrc;

	if (!sdp_word(&semantics, &value))
		return false;
	if (!sdp_span_is(semantics, "FID") && !sdp_span_is(semantics, "FEC-FR"))
		return true;
	for (unsigned i = 0; sdp_word(&number, &value); i++) {
		if (!sdp_u32(&ssrc, number, UINT32_MAX))
			return false;
		if (i > 0)
			source_add(m->repairs, &m->repair_count, ssrc);
	}
	return true;
}

static bool
on_mid(struct sdp_media *m, struct sdp_span value)
{
	if (!is_token(value, MID_MAX))
		return false;
	if (m->mid.p == NULL)
		m->mid = value;
	return true;
}

static bool
on_ice_ufrag(struct sdp_media *m, struct sdp_span value)
{
	m->transport.ufrag = value;
	return is_ice_text(value, ICE_UFRAG_MIN);
}

static bool
on_ice_pwd(struct sdp_media *m, struct sdp_span value)
{
	m->transport.pwd = value;
	return is_ice_text(value, ICE_PWD_MIN);
}

/* "sha-256 AB:CD:…" (RFC 8122, 5); other digests are not for us. */
static bool
on_fingerprint(struct sdp_media *m, struct sdp_span value)
{
	uint8_t         digest[sizeof(m->transport.fingerprint)];
	struct sdp_span name;
	struct reader   r;

	if (!sdp_word(&name, &value))
		return false;
	if (!sdp_span_is(name, "sha-256"))
		return true;
	r = reader_of_span(value);
	for (size_t i = 0; i < sizeof(digest); i++) {
		const struct sdp_span byte = take_until(&r, ':');

		if (hex_parse(&digest[i], 1, byte.p, byte.len))
			return false;
	}
	if (reader_left(&r) > 0)
		return false;
	memcpy(m->transport.fingerprint, digest, sizeof(digest));
	m->transport.has_fingerprint = true;
	return true;
}

static bool
on_setup(struct sdp_media *m, struct sdp_span value)
{
	if (sdp_span_is(value, "actpass"))
		m->transport.setup = SDP_SETUP_ACTPASS;
	else if (sdp_span_is(value, "active"))
		m->transport.setup = SDP_SETUP_ACTIVE;
	else if (sdp_span_is(value, "passive"))
		m->transport.setup = SDP_SETUP_PASSIVE;
	else
		m->transport.setup = SDP_SETUP_OTHER;
	return true;
}

static bool
on_candidate(struct sdp_media *m, struct sdp_span value)
{
	if (m->candidate_lines == SDP_CANDIDATE_LINES_MAX)
		return false;
	if (m->candidate_lines < SDP_CANDIDATES_KEPT)
		m->candidates[m->candidate_lines] = value;
	m->candidate_lines++;
	return true;
}

/* RFC 8851, RFC 8853; what is malformed in them says nothing (8851, 6.3). */
static bool
on_rid(struct sdp_media *m, struct sdp_span value)
{
	if (m->rid_count < SDP_RID_LINES_MAX)
		m->rids[m->rid_count++] = value;
	return true;
}

static bool
on_simulcast(struct sdp_media *m, struct sdp_span value)
{
	m->simulcast = value;
	return true;
}

/* ---- lines ------------------------------------------------------------- */

static const struct {
	const char *name;
	bool      (*read)(struct sdp_media *m, struct sdp_span value);
} attributes[] = {
	{ "rtpmap", on_rtpmap },
	{ "fmtp", on_fmtp },
	{ "rtcp-fb", on_rtcp_fb },
	{ "extmap", on_extmap },
	{ "ssrc", on_ssrc },
	{ "ssrc-group", on_ssrc_group },
	{ "mid", on_mid },
	{ "ice-ufrag", on_ice_ufrag },
	{ "ice-pwd", on_ice_pwd },
	{ "fingerprint", on_fingerprint },
	{ "setup", on_setup },
	{ "candidate", on_candidate },
	{ "rid", on_rid },
	{ "simulcast", on_simulcast },
};

static void
read_flag(struct sdp_media *m, struct sdp_span name)
{
	static const struct {
		const char *name;
		bool        send, receive;
	} directions[] = {
		{ "sendrecv", true, true }, { "sendonly", true, false },
		{ "recvonly", false, true }, { "inactive", false, false },
	};

	for (size_t i = 0; i < 4; i++) {
		if (sdp_span_is(name, directions[i].name)) {
			m->send = directions[i].send;
			m->receive = directions[i].receive;
		}
	}
	if (sdp_span_is(name, "rtcp-mux"))
		m->rtcp_mux = true;
	else if (sdp_span_is(name, "rtcp-mux-only"))
		m->rtcp_mux_only = true;
	else if (sdp_span_is(name, "rtcp-rsize"))
		m->rtcp_rsize = true;
	else if (sdp_span_is(name, "bundle-only"))
		m->bundle_only = true;
	else if (sdp_span_is(name, "extmap-allow-mixed"))
		m->extmap_mixed = true;
}

static void
read_group(struct sdp *sdp, struct sdp_span value)
{
	struct sdp_span semantics;

	if (sdp_word(&semantics, &value) && sdp_span_is(semantics, "BUNDLE") &&
	    sdp->bundle.p == NULL)
		sdp->bundle = value;
}

static bool
read_attribute(struct sdp *sdp, struct sdp_media *m, struct sdp_span line)
{
	struct reader         r = reader_of_span(line);
	const struct sdp_span name = take_until(&r, ':');
	const struct sdp_span value = rest_of(&r);

	if (name.len == line.len) {
		read_flag(m, name);
		return true;
	}
	if (m == &sdp->session && sdp_span_is(name, "group")) {
		read_group(sdp, value);
		return true;
	}
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]);
	    i++) {
		if (sdp_span_is(name, attributes[i].name))
			return attributes[i].read(m, value);
	}
	return true;
}

static bool
read_formats(struct sdp_media *m)
{
	struct sdp_span words = m->formats_text, word;
	uint32_t        pt;

	while (sdp_word(&word, &words)) {
		if (m->format_count == SDP_FORMATS_MAX ||
		    !sdp_u32(&pt, word, 127))
			return false;
		m->formats[m->format_count++].payload_type = (uint8_t)pt;
	}
	return m->format_count > 0;
}

/* "audio 9 UDP/TLS/RTP/SAVPF 111 63", or "9/2" for the port. */
static bool
read_media(struct sdp *sdp, struct sdp_span line)
{
	struct sdp_media *m = &sdp->media[sdp->media_count];
	struct sdp_span   port;
	struct reader     r;
	uint32_t          number;

	if (sdp->media_count == SDP_MEDIA_MAX)
		return false;
	m->transport = sdp->session.transport;
	m->send = sdp->session.send;
	m->receive = sdp->session.receive;
	if (!sdp_word(&m->media, &line) || !sdp_word(&port, &line) ||
	    !sdp_word(&m->protocol, &line))
		return false;
	m->formats_text = line;
	r = reader_of_span(port);
	if (!is_token(m->media, MID_MAX) || line.len == 0 ||
	    !sdp_u32(&number, take_until(&r, '/'), UINT16_MAX))
		return false;
	m->port = (uint16_t)number;
	if (sdp_span_is(m->media, "audio"))
		m->kind = SDP_AUDIO;
	else if (sdp_span_is(m->media, "video"))
		m->kind = SDP_VIDEO;
	if (m->kind != SDP_OTHER && !read_formats(m))
		return false;
	sdp->media_count++;
	return true;
}

/* No byte that could end a line early, or a string. */
static bool
is_clean(struct sdp_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			return false;
	}
	return true;
}

static bool
read_line(struct sdp *sdp, struct sdp_span line, unsigned number)
{
	struct sdp_media *m = sdp->media_count ?
	    &sdp->media[sdp->media_count - 1] : &sdp->session;
	struct reader     r = reader_of_span(line);
	const uint8_t     type = reader_u8(&r);

	if (reader_u8(&r) != '=' || !is_clean(line))
		return false;
	if (number == 0)
		return sdp_span_is(line, "v=0");
	switch (type) {
	case 'v':
		return false;
	case 'm':
		return read_media(sdp, rest_of(&r));
	case 'a':
		return read_attribute(sdp, m, rest_of(&r));
	default:
		return true;
	}
}

/* RFC 5888, 4: a mid is unique. */
static bool
mids_unique(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->media_count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (sdp_span_equal(sdp->media[i].mid,
			    sdp->media[j].mid))
				return false;
		}
	}
	return true;
}

static const char *
refusal_of(const struct sdp *sdp, struct sdp_span line, unsigned number)
{
	if (number == 0)
		return "This is not SDP: it must begin with v=0.";
	if (sdp->media_count == SDP_MEDIA_MAX && line.len > 1 &&
	    line.p[0] == 'm')
		return "The SDP has more than 16 sections.";
	return "The SDP has a malformed line.";
}

/* `number` is that of the first line: 0 is the v= line. */
static int
read_all(struct sdp *sdp, struct reader *r, unsigned number, const char **why)
{
	for (; reader_left(r) > 0; number++) {
		struct sdp_span line = take_until(r, '\n');

		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0 && reader_left(r) == 0)
			break;
		if (number == SDP_LINES_MAX) {
			*why = "The SDP has too many lines.";
			return -EBADMSG;
		}
		if (!read_line(sdp, line, number)) {
			*why = refusal_of(sdp, line, number);
			return -EBADMSG;
		}
	}
	if (!mids_unique(sdp)) {
		*why = "Two sections of the SDP have the same mid.";
		return -EBADMSG;
	}
	return 0;
}

static int
parse(struct sdp **out, const char *text, size_t len, unsigned first,
    const char **why)
{
	struct sdp   *sdp;
	struct reader r = reader_of(text, len);
	int           err;

	if (len == 0 || len > SDP_TEXT_MAX) {
		*why = len ? "The SDP is too long." : "The SDP is empty.";
		return -EBADMSG;
	}
	sdp = calloc(1, sizeof(*sdp));
	if (sdp == NULL) {
		*why = "Out of memory.";
		return -ENOMEM;
	}
	/* RFC 8866, 6.7: what is not said is sendrecv. */
	sdp->session.send = sdp->session.receive = true;
	err = read_all(sdp, &r, first, why);
	if (err) {
		sdp_free(sdp);
		return err;
	}
	*out = sdp;
	return 0;
}

int
sdp_parse(struct sdp **out, const char *text, size_t len, const char **why)
{
	return parse(out, text, len, 0, why);
}

int
sdp_parse_fragment(struct sdp **out, const char *text, size_t len,
    const char **why)
{
	return parse(out, text, len, 1, why);
}

void
sdp_free(struct sdp *sdp)
{
	free(sdp);
}

/* ---- looking things up ------------------------------------------------- */

bool
sdp_bundled(const struct sdp *sdp, const struct sdp_media *media)
{
	struct sdp_span words = sdp->bundle, word;

	while (sdp_word(&word, &words)) {
		if (sdp_span_equal(word, media->mid))
			return true;
	}
	return false;
}

const struct sdp_format *
sdp_format_of(const struct sdp_media *media, const char *encoding)
{
	for (unsigned i = 0; i < media->format_count; i++) {
		if (sdp_span_is(media->formats[i].encoding, encoding))
			return &media->formats[i];
	}
	return NULL;
}

bool
sdp_parameter(struct sdp_span parameters, const char *parameter)
{
	struct reader r = reader_of_span(parameters);

	while (reader_left(&r) > 0) {
		struct sdp_span words = take_until(&r, ';'), word;

		if (sdp_word(&word, &words) && sdp_span_is(word, parameter))
			return true;
	}
	return false;
}

bool
sdp_parameter_value(struct sdp_span *value, struct sdp_span parameters,
    const char *name)
{
	struct reader r = reader_of_span(parameters);

	while (reader_left(&r) > 0) {
		struct sdp_span words = take_until(&r, ';'), word, left;
		struct reader   pair;

		if (!sdp_word(&word, &words))
			continue;
		pair = reader_of_span(word);
		left = take_until(&pair, '=');
		if (left.len == word.len || !sdp_span_is(left, name))
			continue;
		*value = (struct sdp_span) { word.p + left.len + 1,
		    word.len - left.len - 1 };
		return true;
	}
	return false;
}
