/*
 * Reading a session description (RFC 8866) into spans of its own text.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Of the folder: offer_answer.c decides, this only reads. Spans borrow the
 * text, which must outlive the struct. Bounded: the text, its lines,
 * sections, formats and candidates have maxima, numbers have ranges, control
 * bytes are refused. What is not known is ignored; what is known and
 * malformed makes the whole description unreadable. Pure; any thread.
 */
#ifndef SDP_SDP_H
#define SDP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SDP_TEXT_MAX       65536
#define SDP_LINES_MAX      2000
#define SDP_MEDIA_MAX      16
#define SDP_FORMATS_MAX    64
#define SDP_EXTENSIONS_MAX 32
#define SDP_SOURCES_MAX    32
#define SDP_CANDIDATE_LINES_MAX 64
#define SDP_CANDIDATES_KEPT     16
#define SDP_RID_LINES_MAX  16

struct sdp_span {
	const char *p;		/* NULL: absent */
	size_t      len;
};

enum sdp_kind { SDP_OTHER, SDP_AUDIO, SDP_VIDEO };

enum sdp_setup {
	SDP_SETUP_NONE,
	SDP_SETUP_ACTPASS,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_OTHER,
};

/* a=rtcp-fb (RFC 4585, RFC 5104, goog-remb, transport-cc). */
enum sdp_feedback {
	SDP_FB_NACK = 1,
	SDP_FB_PLI  = 2,
	SDP_FB_FIR  = 4,
	SDP_FB_REMB = 8,
	SDP_FB_TWCC = 16,
};

struct sdp_format {
	uint8_t         payload_type;
	unsigned        feedback;	/* of enum sdp_feedback */
	struct sdp_span encoding;	/* "opus/48000/2" */
	struct sdp_span parameters;	/* of a=fmtp */
};

struct sdp_extension {
	uint8_t         id;
	bool            send, receive;	/* as seen by the writer */
	struct sdp_span uri;
};

/* Of a section, or of the session where the section is silent. */
struct sdp_transport {
	struct sdp_span ufrag, pwd;
	bool            has_fingerprint;
	uint8_t         fingerprint[32];	/* SHA-256 */
	enum sdp_setup  setup;
};

struct sdp_media {
	enum sdp_kind   kind;
	struct sdp_span media, protocol, formats_text, mid;
	uint16_t        port;
	bool            bundle_only, rtcp_mux, rtcp_mux_only, rtcp_rsize;
	bool            extmap_mixed;		/* a=extmap-allow-mixed */
	bool            send, receive;		/* as seen by the writer */
	struct sdp_transport transport;
	unsigned        format_count;
	struct sdp_format formats[SDP_FORMATS_MAX];
	unsigned        any_feedback;		/* a=rtcp-fb:* */
	unsigned        extension_count;
	struct sdp_extension extensions[SDP_EXTENSIONS_MAX];
	unsigned        source_count;		/* SSRCs, each once */
	uint32_t        sources[SDP_SOURCES_MAX];
	unsigned        repair_count;		/* those of RTX and FEC */
	uint32_t        repairs[SDP_SOURCES_MAX];
	unsigned        rid_count;		/* a=rid, whole */
	struct sdp_span rids[SDP_RID_LINES_MAX];
	struct sdp_span simulcast;		/* a=simulcast, whole */
	unsigned        candidate_lines;
	struct sdp_span candidates[SDP_CANDIDATES_KEPT];
};

struct sdp {
	struct sdp_media session;	/* its attributes, as defaults */
	struct sdp_span  bundle;	/* mids of the first BUNDLE group */
	unsigned         media_count;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/*
 * Returns 0, or -EBADMSG with *why (static text, for a person), or -ENOMEM.
 * On success *out is the caller's, to free with sdp_free.
 */
int  sdp_parse(struct sdp **out, const char *text, size_t len,
    const char **why);
void sdp_free(struct sdp *sdp);

/*
 * The same for a fragment (RFC 8840, 9), which has no v= line; what it does
 * not say is absent.
 */
int  sdp_parse_fragment(struct sdp **out, const char *text, size_t len,
    const char **why);

/* Compares without case, ASCII only. An absent span equals nothing. */
bool sdp_span_is(struct sdp_span span, const char *text);
bool sdp_span_equal(struct sdp_span a, struct sdp_span b);

/* Decimal digits only, at most `max`. False leaves *out alone. */
bool sdp_u32(uint32_t *out, struct sdp_span span, uint32_t max);

/* Cuts the next word off a span of words; false when there is none. */
bool sdp_word(struct sdp_span *word, struct sdp_span *words);

/* Whether the section's mid stands in the BUNDLE group. */
bool sdp_bundled(const struct sdp *sdp, const struct sdp_media *media);

/* The first format, in the m= line's order, of this encoding, or NULL. */
const struct sdp_format *sdp_format_of(const struct sdp_media *media,
    const char *encoding);

/* Whether the parameters of a=fmtp have this very "name=value". */
bool sdp_parameter(struct sdp_span parameters, const char *parameter);

/* The value of a=fmtp's "name=value"; false when there is none. */
bool sdp_parameter_value(struct sdp_span *value, struct sdp_span parameters,
    const char *name);

#endif
