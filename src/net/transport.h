/*
 * One peer's way through the network: ICE, then DTLS, then SRTP.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   datagram ─┬─ STUN ─► ice (validates addresses, answers checks)
 *             ├─ DTLS ─► dtls_link ── keys ──► rtp_crypt
 *             └─ SRTP ─► rtp_crypt ─► on_rtp, on_rtcp (plain)
 *
 * Only an address that passed an authenticated check is spoken to, and heard:
 * but for SRTP that is authentic and new, of a peer who has gone quiet. His
 * address may have changed, so he is asked there (net/ice_question.c); media
 * goes there only when he has answered. Errors are counted, never act.
 * ICE-lite (controlled) in the server; the controlling full side, one candidate
 * pair at a time, for tessera-peer. DTLS starts with the first authenticated
 * check. The address follows later USE-CANDIDATE checks. Owner: net thread;
 * time is an argument.
 *
 * transport_table finds the transport of a datagram: by the validated source
 * address, else, for STUN, by our ufrag in the USERNAME; for SRTP, by its SSRC
 * among those who are quiet, a thousand guesses a second at most.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dtls_link.h"
#include "net/media_socket.h"
#include "util/packet.h"

struct transport;
struct transport_table;

enum transport_end {
	TRANSPORT_CLOSED,	/* close_notify of the peer */
	TRANSPORT_FAILED,	/* DTLS failed for good */
};

struct transport_handler {
	/* The keys are there: media may flow. */
	void (*connected)(void *to);
	/* A plain packet; takes it. */
	void (*rtp)(void *to, struct packet *packet);
	void (*rtcp)(void *to, struct packet *packet);
	/* Media goes to another address from now on. May be NULL. */
	void (*moved)(void *to);
	/* The caller frees the transport later, not from inside. */
	void (*ended)(void *to, enum transport_end how);
	void  *to;
};

struct transport_config {
	bool        controlling;	/* full ICE, for tessera-peer */
	bool        dtls_client;
	const char *local_ufrag, *local_pwd;	/* copied */
	const char *remote_ufrag, *remote_pwd;
	uint8_t     remote_fingerprint[32];
	const struct dtls_identity *identity;	/* borrowed */
	struct transport_handler    handler;
};

struct transport_stats {
	uint64_t not_authentic;		/* SRTP, STUN */
	uint64_t replayed;
	uint64_t not_validated;		/* of a candidate before its check */
	uint64_t roamed;		/* heard from an address unproven */
	uint64_t malformed;
};

int  transport_table_new(struct transport_table **out,
    struct media_socket *socket, struct packet_pool *pool);
void transport_table_free(struct transport_table *table);

/* From now on all goes out by this socket; the one before may be freed. */
void transport_table_use(struct transport_table *table,
    struct media_socket *socket);

/*
 * between(to) is called between the steps of a DTLS handshake, which compute
 * for milliseconds each: what is urgent may be sent there.
 */
void transport_table_between(struct transport_table *table,
    void (*between)(void *to), void *to);

/* Takes the packet: finds its transport and delivers, or drops and counts. */
void transport_table_datagram(struct transport_table *table,
    struct packet *packet, int64_t now_us);

/* Datagrams of no transport: of unproven addresses and unknown names. */
uint64_t transport_table_strays(const struct transport_table *table);

int  transport_new(struct transport **out, struct transport_table *table,
    const struct transport_config *cfg, int64_t now_us);
/* Sends close_notify when connected. */
void transport_free(struct transport *t);

/*
 * ICE restart (RFC 8445, 9): new credentials of both sides, copied. Media and
 * DTLS go on over the path they have; the credentials before hold until a
 * check with the new ones has come. Returns 0, -EEXIST when the user name is
 * taken, -EINVAL when a text is too long.
 */
int transport_restart(struct transport *t, const char *local_ufrag,
    const char *local_pwd, const char *remote_ufrag, const char *remote_pwd);

/* Controlling: add a candidate of the peer and start checking it. */
void transport_add_candidate(struct transport *t,
    const union packet_addr *remote, int64_t now_us);

/*
 * Protects and sends. Takes the packet; drops it when not connected or when
 * consent is gone (no authenticated check for 30 s, RFC 7675).
 */
void transport_send_rtp(struct transport *t, struct packet *packet,
    int64_t now_us);
void transport_send_rtcp(struct transport *t, struct packet *packet,
    int64_t now_us);

/*
 * The two halves of transport_send_rtp, for what is sent more than once: the
 * bytes of a sealed packet may be kept, and sent again as they are. Sealing
 * returns false when the packet is to be dropped, by the caller; sending takes
 * it.
 */
bool transport_seal_rtp(struct transport *t, struct packet *packet);
void transport_send_sealed(struct transport *t, struct packet *packet,
    int64_t now_us);

/* When transport_timeout wants to be called; INT64_MAX: never. */
int64_t transport_next_us(const struct transport *t);
void    transport_timeout(struct transport *t, int64_t now_us);

bool    transport_connected(const struct transport *t);
/* The last authentic STUN or SRTP packet: the presence clock. */
int64_t transport_heard_us(const struct transport *t);
const struct transport_stats *transport_stats(const struct transport *t);

#endif
