/*
 * SRTP and SRTCP of one peer, both ways (RFC 3711), by libsrtp2; what is sent
 * most, by net/srtp_sender.h.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AES_CM_128_HMAC_SHA1_80. Incoming streams are made as their first authentic
 * packet comes, at most 32. Failures are counted by the caller and never act;
 * what is not authentic stays as it was, and may be tried with other keys.
 * rtp_crypt_prepare must run once before the sandbox: libsrtp2 here stands on
 * NSS, which opens files when the first session is made; one session is kept
 * for ever, so that it never shuts down. Net thread.
 */
#ifndef NET_RTP_CRYPT_H
#define NET_RTP_CRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "net/dtls_link.h"

#define RTP_CRYPT_TRAILER 16	/* most bytes protecting adds to RTP */
#define RTCP_CRYPT_TRAILER 24	/* … to RTCP */

struct rtp_crypt;

#define RTP_CRYPT_STREAMS_MAX 32

int rtp_crypt_prepare(void);

int  rtp_crypt_new(struct rtp_crypt **out, const uint8_t tx[DTLS_KEY_LEN],
    const uint8_t rx[DTLS_KEY_LEN]);
void rtp_crypt_free(struct rtp_crypt *c);

/*
 * In place; `size` is the room in `bytes`, *len changes. Return 0, or
 * -EBADMSG (not authentic), -EALREADY (replayed), -ENOSPC, -EIO. Protecting
 * the same packet again gives the same bytes; of one SSRC only the last 1024
 * sequence numbers may come again (else -ERANGE or -EALREADY).
 */
int rtp_crypt_protect(struct rtp_crypt *c, uint8_t *bytes, size_t *len,
    size_t size);
int rtp_crypt_protect_rtcp(struct rtp_crypt *c, uint8_t *bytes, size_t *len,
    size_t size);
int rtp_crypt_unprotect(struct rtp_crypt *c, uint8_t *bytes, size_t *len);
int rtp_crypt_unprotect_rtcp(struct rtp_crypt *c, uint8_t *bytes,
    size_t *len);

/* The SSRCs that proved authentic so far, in this order; borrowed. */
unsigned rtp_crypt_streams(const struct rtp_crypt *c, const uint32_t **ssrcs);

#endif
