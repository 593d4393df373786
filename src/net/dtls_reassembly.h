/*
 * Joins a ClientHello that came in fragments (RFC 6347, 4.2.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Of net/dtls_link.c, for its server side: mbedTLS 2.28 refuses a fragmented
 * ClientHello, and all browsers send one (1.4 KiB, for their post-quantum key
 * share). The joined message is handed on as one record, longer than any
 * datagram; the transcript hash is over that form anyway (RFC 6347, 4.2.6).
 * Pure; bounded by DTLS_HELLO_MAX and DTLS_HELLO_FRAGMENTS_MAX.
 */
#ifndef NET_DTLS_REASSEMBLY_H
#define NET_DTLS_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTLS_RECORD_HEADER    13
#define DTLS_HANDSHAKE_HEADER 12
#define DTLS_HELLO_MAX        8192
#define DTLS_HELLO_FRAGMENTS_MAX 64

/* Zero-initialise. */
struct dtls_reassembly {
	bool     active;
	uint16_t message_seq;
	uint32_t length;		/* of the whole message's body */
	uint32_t missing;		/* bytes not there yet */
	unsigned fragments;
	bool     present[DTLS_HELLO_MAX];
	uint8_t  record[DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER +
	    DTLS_HELLO_MAX];
};

enum dtls_reassembly_verdict {
	DTLS_PASS,	/* no fragment of a ClientHello: hand it on as it is */
	DTLS_HELD,	/* kept, or thrown away: nothing to hand on */
	DTLS_WHOLE,	/* *out is the joined record */
};

/*
 * One datagram. *out borrows from `r` and is valid until the next push; out
 * parameters are written for DTLS_WHOLE only.
 */
enum dtls_reassembly_verdict dtls_reassembly_push(struct dtls_reassembly *r,
    const uint8_t *bytes, size_t len, const uint8_t **out, size_t *out_len);

#endif
