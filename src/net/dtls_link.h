/*
 * One DTLS association that makes SRTP keys (RFC 5763, RFC 5764).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only file that knows mbedTLS for DTLS, and that 2.28 and 3.6 differ.
 * Client by default; as server a ClientHello in fragments is joined before
 * mbedTLS sees it (2.28 refuses them, and all browsers send them). The peer's
 * certificate must hash to the fingerprint of the SDP, else no keys come out.
 * A malformed datagram before the end of the handshake is dropped, never the
 * end; after a fatal error the handshake starts anew, at most three times.
 * Time is an argument; the caller calls dtls_link_timeout at
 * dtls_link_next_us. Net thread.
 */
#ifndef NET_DTLS_LINK_H
#define NET_DTLS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTLS_KEY_LEN 30		/* AES key 16 and salt 14, as libsrtp2 takes */

/* A P-256 key and self-signed certificate; one for each room. */
struct dtls_identity;

int  dtls_identity_new(struct dtls_identity **out);
void dtls_identity_free(struct dtls_identity *id);
void dtls_identity_fingerprint(const struct dtls_identity *id,
    uint8_t out[32]);

enum dtls_state {
	DTLS_HANDSHAKE,
	DTLS_CONNECTED,		/* keys are there */
	DTLS_CLOSED,		/* the peer said close_notify */
	DTLS_FAILED,		/* wrong fingerprint, or three fatal errors */
};

struct dtls_link;

struct dtls_link_config {
	const struct dtls_identity *identity;	/* borrowed, outlives */
	bool    client;
	uint8_t peer_fingerprint[32];		/* SHA-256 */
	/* Sends one datagram. */
	void  (*send)(void *to, const uint8_t *bytes, size_t len);
	/*
	 * Called after each step of a handshake, some of which compute for
	 * milliseconds: what cannot wait for the next one is done here. May
	 * be NULL; not for calls on this link.
	 */
	void  (*between)(void *to);
	void   *to;
};

int  dtls_link_new(struct dtls_link **out, const struct dtls_link_config *cfg);
void dtls_link_free(struct dtls_link *link);

/* Client: sends the first flight. */
void dtls_link_start(struct dtls_link *link, int64_t now_us);

/* One datagram from the validated peer. Returns the state after it. */
enum dtls_state dtls_link_receive(struct dtls_link *link,
    const uint8_t *bytes, size_t len, int64_t now_us);

enum dtls_state dtls_link_state(const struct dtls_link *link);
int64_t         dtls_link_next_us(const struct dtls_link *link);
enum dtls_state dtls_link_timeout(struct dtls_link *link, int64_t now_us);

/* Once DTLS_CONNECTED: key and salt for each way. */
void dtls_link_keys(const struct dtls_link *link, uint8_t tx[DTLS_KEY_LEN],
    uint8_t rx[DTLS_KEY_LEN]);

/* Sends close_notify. */
void dtls_link_close(struct dtls_link *link);

#endif
