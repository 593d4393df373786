/*
 * SRTP of what we send (RFC 3711), by mbedTLS.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#include "net/srtp_sender.h"
#include "util/reader.h"
#include "util/xalloc.h"

#define KEY_LEN    16
#define KEY_BITS   128
#define SALT_LEN   14
#define AUTH_LEN   20
#define BLOCK      16
#define SHA1_BLOCK 64
#define SHA1_LEN   20

/* mbedTLS 3 dropped the suffix that 2.28 needs. */
#if MBEDTLS_VERSION_MAJOR >= 3
#define mbedtls_sha1_starts_ret mbedtls_sha1_starts
#define mbedtls_sha1_update_ret mbedtls_sha1_update
#define mbedtls_sha1_finish_ret mbedtls_sha1_finish
#endif

/* Labels of key derivation, 4.3.2. */
enum { LABEL_CIPHER = 0, LABEL_AUTH = 1, LABEL_SALT = 2 };

struct stream {
	uint32_t ssrc;
	uint16_t newest;	/* the highest sequence number, s_l */
	uint32_t rollover;	/* its ROC */
};

struct srtp_sender {
	mbedtls_aes_context  aes;
	mbedtls_sha1_context inner, outer;	/* of HMAC, past the key */
	uint8_t              salt[SALT_LEN];
	unsigned             stream_count;
	struct stream        streams[SRTP_SENDER_STREAMS];
};

/* AES in counter mode (4.1.1); the last two bytes of `iv` count. */
static int
counter_mode(mbedtls_aes_context *aes, uint8_t iv[BLOCK], uint8_t *bytes,
    size_t len)
{
	uint8_t keystream[BLOCK];
	size_t  offset = 0;
	int     err;

	err = mbedtls_aes_crypt_ctr(aes, len, &offset, iv, keystream, bytes,
	    bytes);
	explicit_bzero(keystream, sizeof(keystream));
	return err;
}

/* A session key (4.3.1), with a key derivation rate of 0. */
static int
derive(mbedtls_aes_context *master, const uint8_t *master_salt, uint8_t label,
    uint8_t *out, size_t len)
{
	uint8_t iv[BLOCK] = { 0 };	/* 4.3.1: the label is at its byte 7 */

	memcpy(iv, master_salt, SALT_LEN);
	iv[7] ^= label;
	memset(out, 0, len);
	return counter_mode(master, iv, out, len);
}

static int
hmac_half(mbedtls_sha1_context *half, const uint8_t key[AUTH_LEN],
    uint8_t pad)
{
	uint8_t block[SHA1_BLOCK];
	int     err;

	memset(block, pad, sizeof(block));
	for (int i = 0; i < AUTH_LEN; i++)
		block[i] ^= key[i];
	err = mbedtls_sha1_starts_ret(half);
	if (!err)
		err = mbedtls_sha1_update_ret(half, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
	return err;
}

static int
take_keys(struct srtp_sender *s, mbedtls_aes_context *master,
    const uint8_t *key)
{
	const uint8_t *master_salt = key + KEY_LEN;
	uint8_t        cipher[KEY_LEN], auth[AUTH_LEN];
	int            err;

	err = mbedtls_aes_setkey_enc(master, key, KEY_BITS);
	if (!err)
		err = derive(master, master_salt, LABEL_CIPHER, cipher,
		    sizeof(cipher));
	if (!err)
		err = derive(master, master_salt, LABEL_AUTH, auth,
		    sizeof(auth));
	if (!err)
		err = derive(master, master_salt, LABEL_SALT, s->salt,
		    sizeof(s->salt));
	if (!err)
		err = mbedtls_aes_setkey_enc(&s->aes, cipher, KEY_BITS);
	if (!err)
		err = hmac_half(&s->inner, auth, 0x36);
	if (!err)
		err = hmac_half(&s->outer, auth, 0x5c);
	explicit_bzero(cipher, sizeof(cipher));
	explicit_bzero(auth, sizeof(auth));
	return err ? -EIO : 0;
}

int
srtp_sender_new(struct srtp_sender **out, const uint8_t key[DTLS_KEY_LEN])
{
	struct srtp_sender *s = xcalloc(1, sizeof(*s));
	mbedtls_aes_context master;
	int                 err;

	mbedtls_aes_init(&s->aes);
	mbedtls_sha1_init(&s->inner);
	mbedtls_sha1_init(&s->outer);
	mbedtls_aes_init(&master);
	err = take_keys(s, &master, key);
	mbedtls_aes_free(&master);
	if (err) {
		srtp_sender_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void
srtp_sender_free(struct srtp_sender *s)
{
	if (s == NULL)
		return;
	mbedtls_aes_free(&s->aes);
	mbedtls_sha1_free(&s->inner);
	mbedtls_sha1_free(&s->outer);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

/* ---- packets ------------------------------------------------------------- */

static struct stream *
stream_of(struct srtp_sender *s, uint32_t ssrc, uint16_t sequence)
{
	struct stream *stream;

	for (unsigned i = 0; i < s->stream_count; i++) {
		if (s->streams[i].ssrc == ssrc)
			return &s->streams[i];
	}
	if (s->stream_count == SRTP_SENDER_STREAMS)
		return NULL;
	stream = &s->streams[s->stream_count++];
	stream->ssrc = ssrc;
	stream->newest = sequence;
	stream->rollover = 0;
	return stream;
}

/*
 * The ROC of this sequence number; keeps the highest (3.3.1, appendix A). An
 * index used twice must carry the same packet, or both are laid open: what is
 * too old to be sent again is a mistake, and so is a jump of half the circle,
 * which looks old, too.
 */
static int
rollover_of(uint32_t *out, struct stream *stream, uint16_t sequence)
{
	const int32_t ahead = (int16_t)(uint16_t)(sequence - stream->newest);
	const int64_t index = ((int64_t)stream->rollover << 16 |
	    stream->newest) + ahead;

	if (index < 0 || ahead <= -SRTP_SENDER_WINDOW)
		return -ERANGE;
	*out = (uint32_t)(index >> 16);
	if (ahead > 0) {
		stream->newest = sequence;
		stream->rollover = *out;
	}
	return 0;
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static int
add_tag(const struct srtp_sender *s, uint8_t *bytes, size_t len,
    uint32_t rollover)
{
	mbedtls_sha1_context work;
	uint8_t              digest[SHA1_LEN], roc[4];
	int                  err;

	put_u32(roc, rollover);
	mbedtls_sha1_init(&work);
	mbedtls_sha1_clone(&work, &s->inner);
	err = mbedtls_sha1_update_ret(&work, bytes, len);
	if (!err)
		err = mbedtls_sha1_update_ret(&work, roc, sizeof(roc));
	if (!err)
		err = mbedtls_sha1_finish_ret(&work, digest);
	mbedtls_sha1_clone(&work, &s->outer);
	if (!err)
		err = mbedtls_sha1_update_ret(&work, digest, sizeof(digest));
	if (!err)
		err = mbedtls_sha1_finish_ret(&work, digest);
	mbedtls_sha1_free(&work);
	memcpy(bytes + len, digest, SRTP_SENDER_TAG);
	return err;
}

int
srtp_sender_protect(struct srtp_sender *s, uint8_t *bytes, size_t *len,
    size_t size)
{
	struct reader  r = reader_of(bytes, *len);
	const uint8_t  first = reader_u8(&r);
	uint8_t        iv[BLOCK] = { 0 };
	uint16_t       sequence;
	uint32_t       ssrc, rollover;
	struct stream *stream;
	size_t         payload = 12 + 4 * (size_t)(first & 0x0f);

	reader_skip(&r, 1);
	sequence = reader_u16(&r);
	reader_skip(&r, 4);
	ssrc = reader_u32(&r);
	reader_skip(&r, payload - 12);
	if (first & 0x10) {
		reader_skip(&r, 2);
		payload += 4 + 4 * (size_t)reader_u16(&r);
	}
	if (r.bad || first >> 6 != 2 || payload > *len)
		return -EBADMSG;
	if (*len > size || size - *len < SRTP_SENDER_TAG)
		return -ENOSPC;
	stream = stream_of(s, ssrc, sequence);
	if (stream == NULL)
		return -ENOTSUP;
	if (rollover_of(&rollover, stream, sequence))
		return -ERANGE;
	/* 4.1.1: salt · 2^16 ⊕ SSRC · 2^64 ⊕ index · 2^16 */
	put_u32(iv + 4, ssrc);
	put_u32(iv + 8, rollover);
	iv[12] = (uint8_t)(sequence >> 8);
	iv[13] = (uint8_t)sequence;
	for (int i = 0; i < SALT_LEN; i++)
		iv[i] ^= s->salt[i];
	if (counter_mode(&s->aes, iv, bytes + payload, *len - payload) ||
	    add_tag(s, bytes, *len, rollover))
		return -EIO;
	*len += SRTP_SENDER_TAG;
	return 0;
}
