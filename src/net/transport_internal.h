/*
 * What a transport and the table of transports know of each other.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to net/transport.c and net/transport_table.c. Net thread.
 */
#ifndef NET_TRANSPORT_INTERNAL_H
#define NET_TRANSPORT_INTERNAL_H

#include "net/classify.h"
#include "net/ice.h"
#include "net/rtp_crypt.h"
#include "net/stun.h"
#include "net/transport.h"
#include "util/rate_limit.h"

/* One proven address in the table's index. */
struct address_entry {
	struct address_entry *next;	/* of the same bucket */
	struct transport     *transport;	/* NULL: not in the index */
	union packet_addr     remote;
};

/* A user name of ours in the table's index. */
struct name_entry {
	struct name_entry *next;	/* of the same bucket */
	struct transport  *transport;
	const char        *ufrag;	/* of its ICE; NULL: not in the index */
};

/* An SSRC that proved authentic in the table's index. */
struct stream_entry {
	struct stream_entry *next;	/* of the same bucket */
	struct transport    *transport;
	uint32_t             ssrc;
};

enum { NAME_NOW, NAME_BEFORE_RESTART, NAMES_MAX };

struct transport {
	struct transport_table  *table;
	struct transport        *next;		/* of the table's list */
	struct name_entry        names[NAMES_MAX];
	struct transport_handler handler;
	struct transport_stats   stats;
	struct ice               ice;
	struct dtls_link        *dtls;
	struct rtp_crypt        *crypt;		/* once connected */
	struct address_entry     addresses[ICE_PATHS_MAX]; /* by path */
	unsigned                 stream_count;
	struct stream_entry      streams[RTP_CRYPT_STREAMS_MAX];
	bool     dtls_started;
	bool     ended;
	int64_t  heard_us;
	int64_t  now_us;	/* of the call under way */
};

#define TRANSPORTS_MAX  1024
#define ADDRESS_BUCKETS 1024	/* a power of two */
#define NAME_BUCKETS    256	/* likewise */
#define STREAM_BUCKETS  256	/* likewise */

struct transport_table {
	struct media_socket  *socket;	/* borrowed */
	struct packet_pool   *pool;	/* borrowed */
	void                (*between)(void *to);	/* NULL: nothing */
	void                 *between_to;
	struct transport     *all;
	unsigned              count;
	bool                  controlling;	/* some of them were so */
	uint64_t              strays;
	uint32_t              seed;	/* of the hashes */
	struct address_entry *by_address[ADDRESS_BUCKETS];
	struct name_entry    *by_name[NAME_BUCKETS];
	struct stream_entry  *by_stream[STREAM_BUCKETS];
	struct rate_limit     guesses;
	int64_t               asked_until_us;	/* answers may come */
};

/* -ENOSPC when full, -EEXIST when the user name is taken. */
int  transport_table_add(struct transport_table *table, struct transport *t);
void transport_table_remove(struct transport_table *table,
    struct transport *t);

/* Whether a transport has this user name. */
bool transport_table_has_name(const struct transport_table *table,
    const char *ufrag);

/* Takes all its names out of the index, and puts those of its ICE in. */
void transport_table_unname(struct transport_table *table,
    struct transport *t);
void transport_table_name(struct transport_table *table,
    struct transport *t);

/* Indexes t->ice.paths[path], taking the address from whoever had it. */
void transport_table_bind(struct transport_table *table, struct transport *t,
    unsigned path);

/* Indexes the SSRCs of t->crypt that are not yet. */
void transport_table_learn(struct transport_table *table,
    struct transport *t);

/*
 * A packet of SRTP or SRTCP (`rtcp`) of an address that is not t's. Returns
 * false, with the packet as it was, when it is not authentic; else takes it.
 */
bool transport_receive_roaming(struct transport *t, struct packet *packet,
    int64_t now_us, bool rtcp);

/* Each takes the packet. */
void transport_receive_stun(struct transport *t, const struct stun_message *m,
    struct packet *packet, int64_t now_us);
void transport_receive(struct transport *t, enum datagram_kind kind,
    struct packet *packet, int64_t now_us);

#endif
