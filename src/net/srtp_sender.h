/*
 * SRTP of what we send (RFC 3711), by mbedTLS.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AES_CM_128_HMAC_SHA1_80, RTP only, outwards only. Behind net/rtp_crypt.h,
 * which does all else by libsrtp2: that one makes new contexts of NSS for
 * each packet, and walks the lists of all others, so that a packet of sound
 * cost ten times as much. Here the keys are scheduled once. For our own
 * packets; what comes from others is never parsed here. Net thread.
 */
#ifndef NET_SRTP_SENDER_H
#define NET_SRTP_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "net/dtls_link.h"

#define SRTP_SENDER_STREAMS 4	/* SSRCs of one sender; sound and video */
#define SRTP_SENDER_TAG     10	/* bytes it adds */
#define SRTP_SENDER_WINDOW  1024	/* sequence numbers that are sent again */

struct srtp_sender;

/* Returns 0 or -EIO. */
int  srtp_sender_new(struct srtp_sender **out,
    const uint8_t key[DTLS_KEY_LEN]);
void srtp_sender_free(struct srtp_sender *s);

/*
 * Encrypts in place and adds the tag; `size` is the room in `bytes`. The index
 * follows the sequence number as a receiver's does (3.3.1), so that the same
 * packet again gives the same bytes; another with its number must never come,
 * as both could be read then. Returns 0, -EBADMSG (no RTP), -ENOSPC (no room in
 * `bytes`), -ENOTSUP (one SSRC too many: never of one that has been taken,
 * always of one that has not), -ERANGE (older than the first one, or than the
 * window), or -EIO.
 */
int srtp_sender_protect(struct srtp_sender *s, uint8_t *bytes, size_t *len,
    size_t size);

#endif
