/*
 * STUN messages as ICE uses them (RFC 8489, RFC 8445).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "net/stun.h"
#include "util/digest.h"
#include "util/reader.h"
#include "util/writer.h"

#define HEADER_LEN	20
#define MAGIC_COOKIE	0x2112a442u
#define FINGERPRINT_XOR	0x5354554eu	/* RFC 8489, 14.7 */
#define FINGERPRINT_LEN	8		/* with its attribute header */
#define INTEGRITY_LEN	24		/* likewise */
#define USERNAME_MAX	513

/* RFC 8489, 18.3; RFC 8445, 16.1. */
enum stun_attribute {
	MAPPED_ADDRESS		= 0x0001,
	USERNAME		= 0x0006,
	MESSAGE_INTEGRITY	= 0x0008,
	ERROR_CODE		= 0x0009,
	UNKNOWN_ATTRIBUTES	= 0x000a,
	REALM			= 0x0014,
	NONCE			= 0x0015,
	MESSAGE_INTEGRITY_SHA256 = 0x001c,
	XOR_MAPPED_ADDRESS	= 0x0020,
	PRIORITY		= 0x0024,
	USE_CANDIDATE		= 0x0025,
	FINGERPRINT		= 0x8028,
	ICE_CONTROLLED		= 0x8029,
	ICE_CONTROLLING		= 0x802a,
};

#define BINDING_SUCCESS	0x0101
#define BINDING_ERROR	0x0111
#define BINDING_REQUEST	0x0001

/* ---- reading ------------------------------------------------------------- */

/* The method's bits lie around the two class bits (RFC 8489, 5). */
static void
parse_type(struct stun_message *m, uint16_t type)
{
	static const enum stun_class classes[4] = { STUN_REQUEST,
	    STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

	m->class = classes[(type >> 7 & 2) | (type >> 4 & 1)];
	m->method = (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 |
	    (type & 0x3e00) >> 2);
}

static void
parse_mapped(struct stun_message *m, struct reader value)
{
	uint8_t        mask[16], address[16];
	struct writer  w = writer_of(mask, sizeof(mask));
	uint8_t        family;
	uint16_t       port;
	size_t         len;
	const uint8_t *p;

	writer_u32(&w, MAGIC_COOKIE);
	writer_bytes(&w, m->transaction, STUN_TRANSACTION_LEN);
	reader_skip(&value, 1);
	family = reader_u8(&value);
	port = (uint16_t)(reader_u16(&value) ^ MAGIC_COOKIE >> 16);
	len = family == 1 ? 4 : 16;
	p = reader_take(&value, len);
	if (p == NULL || (family != 1 && family != 2) || m->has_mapped)
		return;
	for (size_t i = 0; i < len; i++)
		address[i] = p[i] ^ mask[i];
	if (family == 1) {
		m->mapped.v4.sin_family = AF_INET;
		m->mapped.v4.sin_port = htons(port);
		memcpy(&m->mapped.v4.sin_addr, address, 4);
	} else {
		m->mapped.v6.sin6_family = AF_INET6;
		m->mapped.v6.sin6_port = htons(port);
		memcpy(&m->mapped.v6.sin6_addr, address, 16);
	}
	m->has_mapped = true;
}

static void
parse_unknown(struct stun_message *m, uint16_t type)
{
	const unsigned max = sizeof(m->unknown) / sizeof(m->unknown[0]);

	/* RFC 8489, 14: below 0x8000 it must be understood. */
	if (type < 0x8000 && m->unknown_count < max)
		m->unknown[m->unknown_count++] = type;
}

static void
parse_role(struct stun_message *m, uint16_t type, struct reader value)
{
	m->controlling = type == ICE_CONTROLLING;
	m->controlled = type == ICE_CONTROLLED;
	m->tie_breaker = reader_u64(&value);
}

static void
parse_attribute(struct stun_message *m, uint16_t type, struct reader value)
{
	switch (type) {
	case USERNAME:
		m->username_len = reader_left(&value);
		m->username = (const char *)reader_take(&value,
		    m->username_len);
		break;
	case XOR_MAPPED_ADDRESS:
		parse_mapped(m, value);
		break;
	case PRIORITY:
		m->priority = reader_u32(&value);
		m->has_priority = !value.bad;
		break;
	case USE_CANDIDATE:
		m->use_candidate = true;
		break;
	case ICE_CONTROLLED:
	case ICE_CONTROLLING:
		parse_role(m, type, value);
		break;
	case ERROR_CODE:
		reader_skip(&value, 2);
		m->error_code = (uint16_t)((reader_u8(&value) & 7) * 100);
		m->error_code = (uint16_t)(m->error_code + reader_u8(&value));
		break;
	case MAPPED_ADDRESS:
	case UNKNOWN_ATTRIBUTES:
	case REALM:
	case NONCE:
	case MESSAGE_INTEGRITY_SHA256:
		break;
	default:
		parse_unknown(m, type);
	}
}

/* The attributes before FINGERPRINT, which the caller has cut off. */
static int
parse_attributes(struct stun_message *m, struct reader *r,
    const uint8_t *bytes)
{
	while (reader_left(r) > 0) {
		const size_t   at = (size_t)(r->p - bytes);
		const uint16_t type = reader_u16(r);
		const size_t   len = reader_u16(r);
		struct reader  value = reader_sub(r, len);

		reader_skip(r, (4 - len % 4) % 4);
		if (r->bad || (type == USERNAME && len > USERNAME_MAX))
			return -EBADMSG;
		if (m->integrity_at != 0)
			continue;	/* not covered: RFC 8489, 14.5 */
		if (type == MESSAGE_INTEGRITY) {
			if (len != DIGEST_SHA1_LEN)
				return -EBADMSG;
			m->integrity_at = at;
		} else {
			parse_attribute(m, type, value);
		}
	}
	return 0;
}

static bool
fingerprint_right(const uint8_t *bytes, size_t len)
{
	struct reader r = reader_of(bytes, len);

	reader_skip(&r, len - FINGERPRINT_LEN);
	return reader_u16(&r) == FINGERPRINT && reader_u16(&r) == 4 &&
	    reader_u32(&r) == (digest_crc32(bytes, len - FINGERPRINT_LEN) ^
	    FINGERPRINT_XOR);
}

int
stun_parse(struct stun_message *out, const uint8_t *bytes, size_t len)
{
	struct stun_message m = { 0 };
	struct reader       r = reader_of(bytes, len);
	const uint16_t      type = reader_u16(&r);
	const uint16_t      body = reader_u16(&r);
	const uint32_t      cookie = reader_u32(&r);
	const uint8_t      *transaction = reader_take(&r,
	    STUN_TRANSACTION_LEN);

	if (transaction == NULL || len > STUN_MESSAGE_MAX || len % 4 != 0 ||
	    len < HEADER_LEN + FINGERPRINT_LEN || type >= 0x4000 ||
	    cookie != MAGIC_COOKIE || (size_t)body + HEADER_LEN != len)
		return -EBADMSG;
	if (!fingerprint_right(bytes, len))
		return -EBADMSG;
	parse_type(&m, type);
	memcpy(m.transaction, transaction, STUN_TRANSACTION_LEN);
	r.end -= FINGERPRINT_LEN;
	if (parse_attributes(&m, &r, bytes))
		return -EBADMSG;
	*out = m;
	return 0;
}

/* The HMAC over `len` bytes as if MESSAGE-INTEGRITY came last after them. */
static int
integrity_make(uint8_t out[DIGEST_SHA1_LEN], const uint8_t *bytes, size_t len,
    const char *password)
{
	uint8_t       covered[STUN_MESSAGE_MAX];
	struct writer w = writer_of(covered, sizeof(covered));

	writer_bytes(&w, bytes, len);
	/* RFC 8489, 14.5: the length ends with this attribute. */
	writer_u16_at(&w, 2, (uint16_t)(len - HEADER_LEN + INTEGRITY_LEN));
	if (w.bad)
		return -EIO;
	return digest_hmac_sha1(out, (const uint8_t *)password,
	    strlen(password), covered, len);
}

bool
stun_authentic(const struct stun_message *message, const uint8_t *bytes,
    size_t len, const char *password)
{
	uint8_t        right[DIGEST_SHA1_LEN];
	struct reader  r = reader_of(bytes, len);
	const uint8_t *theirs;

	reader_skip(&r, message->integrity_at + 4);
	theirs = reader_take(&r, DIGEST_SHA1_LEN);
	if (message->integrity_at < HEADER_LEN || theirs == NULL)
		return false;
	if (integrity_make(right, bytes, message->integrity_at, password))
		return false;
	return digest_equal(right, theirs, sizeof(right));
}

/* ---- writing ------------------------------------------------------------- */

static void
write_header(struct writer *w, uint16_t type,
    const uint8_t transaction[STUN_TRANSACTION_LEN])
{
	writer_u16(w, type);
	writer_u16(w, 0);	/* set by write_end */
	writer_u32(w, MAGIC_COOKIE);
	writer_bytes(w, transaction, STUN_TRANSACTION_LEN);
}

static void
write_attribute(struct writer *w, uint16_t type, const void *value,
    size_t len)
{
	writer_u16(w, type);
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, value, len);
	writer_zeros(w, (4 - len % 4) % 4);
}

static void
write_mapped(struct writer *w,
    const uint8_t transaction[STUN_TRANSACTION_LEN],
    const union packet_addr *mapped)
{
	const bool    v4 = mapped->any.sa_family == AF_INET;
	const size_t  len = v4 ? 4 : 16;
	const uint8_t *address = v4 ? (const uint8_t *)&mapped->v4.sin_addr :
	    (const uint8_t *)&mapped->v6.sin6_addr;
	const uint16_t port = ntohs(v4 ? mapped->v4.sin_port :
	    mapped->v6.sin6_port);
	uint8_t       mask[16];
	struct writer m = writer_of(mask, sizeof(mask));

	writer_u32(&m, MAGIC_COOKIE);
	writer_bytes(&m, transaction, STUN_TRANSACTION_LEN);
	writer_u16(w, XOR_MAPPED_ADDRESS);
	writer_u16(w, (uint16_t)(4 + len));
	writer_u16(w, v4 ? 1 : 2);
	writer_u16(w, (uint16_t)(port ^ MAGIC_COOKIE >> 16));
	for (size_t i = 0; i < len; i++)
		writer_u8(w, address[i] ^ mask[i]);
}

/* MESSAGE-INTEGRITY and FINGERPRINT. Returns the whole length, 0: no room. */
static size_t
write_end(struct writer *w, const char *password)
{
	uint8_t integrity[DIGEST_SHA1_LEN];
	size_t  len = writer_len(w);

	if (w->bad || integrity_make(integrity, w->start, len, password))
		return 0;
	write_attribute(w, MESSAGE_INTEGRITY, integrity, sizeof(integrity));
	len = writer_len(w);
	writer_u16_at(w, 2, (uint16_t)(len - HEADER_LEN + FINGERPRINT_LEN));
	if (w->bad)
		return 0;
	writer_u16(w, FINGERPRINT);
	writer_u16(w, 4);
	writer_u32(w, digest_crc32(w->start, len) ^ FINGERPRINT_XOR);
	return writer_len(w);
}

size_t
stun_write_success(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN],
    const union packet_addr *mapped, const char *password)
{
	struct writer w = writer_of(out, size);

	write_header(&w, BINDING_SUCCESS, transaction);
	write_mapped(&w, transaction, mapped);
	return write_end(&w, password);
}

size_t
stun_write_unknown(uint8_t *out, size_t size,
    const struct stun_message *request, const char *password)
{
	static const uint8_t error_420[] = { 0, 0, 4, 20 };
	struct writer        w = writer_of(out, size);

	write_header(&w, BINDING_ERROR, request->transaction);
	/* No reason phrase: an answer is never much longer than its cause. */
	write_attribute(&w, ERROR_CODE, error_420, sizeof(error_420));
	writer_u16(&w, UNKNOWN_ATTRIBUTES);
	writer_u16(&w, (uint16_t)(request->unknown_count * 2));
	for (unsigned i = 0; i < request->unknown_count; i++)
		writer_u16(&w, request->unknown[i]);
	writer_zeros(&w, request->unknown_count % 2 * 2);
	return write_end(&w, password);
}

/* A Binding request but for its end; `role` is one of the two of ICE. */
static void
write_check(struct writer *w,
    const uint8_t transaction[STUN_TRANSACTION_LEN], const char *username,
    uint32_t priority, enum stun_attribute role, uint64_t tie_breaker)
{
	write_header(w, BINDING_REQUEST, transaction);
	write_attribute(w, USERNAME, username, strlen(username));
	writer_u16(w, PRIORITY);
	writer_u16(w, 4);
	writer_u32(w, priority);
	writer_u16(w, (uint16_t)role);
	writer_u16(w, 8);
	writer_u64(w, tie_breaker);
}

size_t
stun_write_request(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN], const char *username,
    const char *password, uint32_t priority, uint64_t tie_breaker,
    bool use_candidate)
{
	struct writer w = writer_of(out, size);

	write_check(&w, transaction, username, priority, ICE_CONTROLLING,
	    tie_breaker);
	if (use_candidate)
		write_attribute(&w, USE_CANDIDATE, NULL, 0);
	return write_end(&w, password);
}

size_t
stun_write_question(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN], const char *username,
    const char *password, uint32_t priority, uint64_t tie_breaker)
{
	struct writer w = writer_of(out, size);

	write_check(&w, transaction, username, priority, ICE_CONTROLLED,
	    tie_breaker);
	return write_end(&w, password);
}
