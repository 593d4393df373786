/*
 * SRTP and SRTCP of one peer, both ways (RFC 3711), by libsrtp2.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "net/rtp_crypt.h"
#include "net/srtp_sender.h"
#include "util/reader.h"
#include "util/xalloc.h"

#define WINDOW        1024	/* packets that may come late */
#define RTP_HEADER    12
#define RTCP_HEADER   8

struct rtp_crypt {
	struct srtp_sender *sender;	/* RTP of the first few SSRCs */
	srtp_t   tx, rx;
	unsigned stream_count;
	uint32_t streams[RTP_CRYPT_STREAMS_MAX];	/* SSRCs that proved authentic */
};

/*
 * One session for the life of the process, never used: when the last one goes,
 * NSS closes down and cannot come up again behind the sandbox.
 */
static srtp_t kept_session;

static int
session_new(srtp_t *out, const uint8_t key[DTLS_KEY_LEN],
    srtp_ssrc_type_t direction)
{
	uint8_t       copy[DTLS_KEY_LEN];
	srtp_policy_t policy;
	int           err;

	memcpy(copy, key, sizeof(copy));
	memset(&policy, 0, sizeof(policy));
	srtp_crypto_policy_set_rtp_default(&policy.rtp);
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	policy.ssrc.type = direction;
	policy.key = copy;
	policy.window_size = WINDOW;
	/* A resent packet is the same packet: nothing new is learnt of it. */
	policy.allow_repeat_tx = direction == ssrc_any_outbound;
	err = srtp_create(out, &policy) == srtp_err_status_ok ? 0 : -EIO;
	explicit_bzero(copy, sizeof(copy));
	return err;
}

int
rtp_crypt_prepare(void)
{
	const uint8_t key[DTLS_KEY_LEN] = { 0 };

	if (kept_session)
		return 0;
	if (srtp_init() != srtp_err_status_ok)
		return -EIO;
	return session_new(&kept_session, key, ssrc_any_outbound);
}

int
rtp_crypt_new(struct rtp_crypt **out, const uint8_t tx[DTLS_KEY_LEN],
    const uint8_t rx[DTLS_KEY_LEN])
{
	struct rtp_crypt *c = xcalloc(1, sizeof(*c));
	int               err;

	err = srtp_sender_new(&c->sender, tx);
	if (!err)
		err = session_new(&c->tx, tx, ssrc_any_outbound);
	if (!err)
		err = session_new(&c->rx, rx, ssrc_any_inbound);
	if (err) {
		rtp_crypt_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void
rtp_crypt_free(struct rtp_crypt *c)
{
	if (c == NULL)
		return;
	if (c->tx)
		srtp_dealloc(c->tx);
	if (c->rx)
		srtp_dealloc(c->rx);
	srtp_sender_free(c->sender);
	free(c);
}

static int
error_of(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return 0;
	case srtp_err_status_auth_fail:
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
		return -EBADMSG;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
		return -EALREADY;
	default:
		return -EIO;
	}
}

/* ---- out ----------------------------------------------------------------- */

int
rtp_crypt_protect(struct rtp_crypt *c, uint8_t *bytes, size_t *len,
    size_t size)
{
	int n = (int)*len;
	int err;

	if (*len > size || size - *len < RTP_CRYPT_TRAILER)
		return -ENOSPC;
	if (*len < RTP_HEADER)
		return -EBADMSG;
	err = srtp_sender_protect(c->sender, bytes, len, size);
	if (err != -ENOTSUP)
		return err;
	err = error_of(srtp_protect(c->tx, bytes, &n));
	if (!err)
		*len = (size_t)n;
	return err;
}

int
rtp_crypt_protect_rtcp(struct rtp_crypt *c, uint8_t *bytes, size_t *len,
    size_t size)
{
	int n = (int)*len;
	int err;

	if (*len > size || size - *len < RTCP_CRYPT_TRAILER)
		return -ENOSPC;
	if (*len < RTCP_HEADER)
		return -EBADMSG;
	err = error_of(srtp_protect_rtcp(c->tx, bytes, &n));
	if (!err)
		*len = (size_t)n;
	return err;
}

/* ---- in ------------------------------------------------------------------ */

static bool
stream_known(const struct rtp_crypt *c, uint32_t ssrc)
{
	for (unsigned i = 0; i < c->stream_count; i++) {
		if (c->streams[i] == ssrc)
			return true;
	}
	return false;
}

/*
 * libsrtp2 makes a stream of the template when the first packet of its SSRC
 * proved authentic, without end; the list beside it sets the end.
 */
static int
unprotect(struct rtp_crypt *c, uint8_t *bytes, size_t *len, size_t least,
    size_t ssrc_at, srtp_err_status_t (*undo)(srtp_t, void *, int *))
{
	struct reader r = reader_of(bytes, *len);
	uint32_t      ssrc;
	bool          known;
	int           n = (int)*len;
	int           err;

	reader_skip(&r, ssrc_at);
	ssrc = reader_u32(&r);
	if (r.bad || *len < least)
		return -EBADMSG;
	known = stream_known(c, ssrc);
	if (!known && c->stream_count == RTP_CRYPT_STREAMS_MAX)
		return -ENOSPC;
	err = error_of(undo(c->rx, bytes, &n));
	if (err)
		return err;
	if (!known)
		c->streams[c->stream_count++] = ssrc;
	*len = (size_t)n;
	return 0;
}

int
rtp_crypt_unprotect(struct rtp_crypt *c, uint8_t *bytes, size_t *len)
{
	return unprotect(c, bytes, len, RTP_HEADER, 8, srtp_unprotect);
}

int
rtp_crypt_unprotect_rtcp(struct rtp_crypt *c, uint8_t *bytes, size_t *len)
{
	return unprotect(c, bytes, len, RTCP_HEADER, 4, srtp_unprotect_rtcp);
}

unsigned
rtp_crypt_streams(const struct rtp_crypt *c, const uint32_t **ssrcs)
{
	*ssrcs = c->streams;
	return c->stream_count;
}
