/*
 * Which transport a datagram belongs to.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/transport_internal.h"
#include "util/random.h"
#include "util/reader.h"
#include "util/xalloc.h"

/* An HMAC each: 1000 a second, a hundred in a row. */
#define GUESS_SPACING_US 1000
#define GUESS_BURST      100

/* ---- hashing ------------------------------------------------------------- */

/* FNV-1a. Who is in the index has proven himself, so chains stay short. */
static uint32_t
hash(uint32_t seed, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t       h = 2166136261u ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h ^ h >> 15;
}

static struct stream_entry **
stream_bucket(struct transport_table *table, uint32_t ssrc)
{
	return &table->by_stream[hash(table->seed, &ssrc, sizeof(ssrc)) &
	    (STREAM_BUCKETS - 1)];
}

static struct address_entry **
address_bucket(struct transport_table *table, const union packet_addr *a)
{
	uint32_t h;

	if (a->any.sa_family == AF_INET)
		h = hash(table->seed ^ a->v4.sin_port, &a->v4.sin_addr,
		    sizeof(a->v4.sin_addr));
	else
		h = hash(table->seed ^ a->v6.sin6_port, &a->v6.sin6_addr,
		    sizeof(a->v6.sin6_addr));
	return &table->by_address[h & (ADDRESS_BUCKETS - 1)];
}

static unsigned
name_bucket(const struct transport_table *table, const char *name, size_t len)
{
	return hash(table->seed, name, len) & (NAME_BUCKETS - 1);
}

static struct transport *
find_by_address(struct transport_table *table, const union packet_addr *a)
{
	struct address_entry *e = *address_bucket(table, a);

	while (e && !packet_addr_equal(&e->remote, a))
		e = e->next;
	return e ? e->transport : NULL;
}

static struct transport *
find_by_name(const struct transport_table *table, const char *name,
    size_t len)
{
	const struct name_entry *e =
	    table->by_name[name_bucket(table, name, len)];

	while (e && (strlen(e->ufrag) != len ||
	    memcmp(e->ufrag, name, len) != 0))
		e = e->next;
	return e ? e->transport : NULL;
}

/* ---- the index ----------------------------------------------------------- */

static void
unbind(struct transport_table *table, struct address_entry *entry)
{
	struct address_entry **at = address_bucket(table, &entry->remote);

	if (entry->transport == NULL)
		return;
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	entry->transport = NULL;
}

void
transport_table_bind(struct transport_table *table, struct transport *t,
    unsigned path)
{
	struct address_entry     *entry = &t->addresses[path];
	const union packet_addr  *remote = &t->ice.paths[path].remote;
	struct address_entry    **bucket = address_bucket(table, remote);
	struct address_entry     *other;

	unbind(table, entry);
	/* A page loaded anew may speak from the port of the one before. */
	other = *bucket;
	while (other && !packet_addr_equal(&other->remote, remote))
		other = other->next;
	if (other)
		unbind(table, other);
	entry->remote = *remote;
	entry->transport = t;
	entry->next = *bucket;
	*bucket = entry;
}

bool
transport_table_has_name(const struct transport_table *table,
    const char *ufrag)
{
	return find_by_name(table, ufrag, strlen(ufrag)) != NULL;
}

void
transport_table_unname(struct transport_table *table, struct transport *t)
{
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		struct name_entry  *entry = &t->names[i];
		struct name_entry **at;

		if (entry->ufrag == NULL)
			continue;
		at = &table->by_name[name_bucket(table, entry->ufrag,
		    strlen(entry->ufrag))];
		while (*at != entry)
			at = &(*at)->next;
		*at = entry->next;
		entry->ufrag = NULL;
	}
}

void
transport_table_name(struct transport_table *table, struct transport *t)
{
	t->names[NAME_NOW].ufrag = t->ice.local_ufrag;
	if (t->ice.restarted)
		t->names[NAME_BEFORE_RESTART].ufrag = t->ice.old_ufrag;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		struct name_entry  *entry = &t->names[i];
		struct name_entry **bucket;

		if (entry->ufrag == NULL)
			continue;
		bucket = &table->by_name[name_bucket(table, entry->ufrag,
		    strlen(entry->ufrag))];
		entry->transport = t;
		entry->next = *bucket;
		*bucket = entry;
	}
}

void
transport_table_learn(struct transport_table *table, struct transport *t)
{
	const uint32_t *ssrcs;
	const unsigned  count = rtp_crypt_streams(t->crypt, &ssrcs);

	for (; t->stream_count < count; t->stream_count++) {
		struct stream_entry  *entry = &t->streams[t->stream_count];
		struct stream_entry **bucket =
		    stream_bucket(table, ssrcs[t->stream_count]);

		entry->transport = t;
		entry->ssrc = ssrcs[t->stream_count];
		entry->next = *bucket;
		*bucket = entry;
	}
}

static void
forget_streams(struct transport_table *table, struct transport *t)
{
	for (; t->stream_count > 0; t->stream_count--) {
		struct stream_entry  *entry = &t->streams[t->stream_count - 1];
		struct stream_entry **at = stream_bucket(table, entry->ssrc);

		while (*at != entry)
			at = &(*at)->next;
		*at = entry->next;
	}
}

int
transport_table_add(struct transport_table *table, struct transport *t)
{
	if (table->count == TRANSPORTS_MAX)
		return -ENOSPC;
	if (transport_table_has_name(table, t->ice.local_ufrag))
		return -EEXIST;
	transport_table_name(table, t);
	t->next = table->all;
	table->all = t;
	table->count++;
	return 0;
}

void
transport_table_remove(struct transport_table *table, struct transport *t)
{
	struct transport **at = &table->all;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	transport_table_unname(table, t);
	forget_streams(table, t);
	for (unsigned i = 0; i < ICE_PATHS_MAX; i++)
		unbind(table, &t->addresses[i]);
	table->count--;
}

/* ---- datagrams ----------------------------------------------------------- */

static void
stray(struct transport_table *table, struct packet *packet)
{
	table->strays++;
	packet_free(&packet);
}

/* The controlling transport that has this candidate. */
static struct transport *
find_by_candidate(struct transport_table *table, const union packet_addr *a)
{
	struct transport *t = table->controlling ? table->all : NULL;

	while (t && !(t->ice.controlling && ice_control_knows(&t->ice, a)))
		t = t->next;
	return t;
}

/* Who was asked there (net/ice_question.c): few, and not for long. */
static struct transport *
find_by_question(struct transport_table *table, const union packet_addr *a,
    int64_t now_us)
{
	struct transport *t = now_us <= table->asked_until_us ? table->all :
	    NULL;

	while (t && !ice_question_asked(&t->ice, a, now_us))
		t = t->next;
	return t;
}

static struct transport *
find_for_stun(struct transport_table *table, const struct stun_message *m,
    const union packet_addr *remote, int64_t now_us)
{
	struct transport *t;
	const char       *colon;

	if (m->class != STUN_REQUEST) {
		t = find_by_candidate(table, remote);
		return t ? t : find_by_question(table, remote, now_us);
	}
	colon = m->username ? memchr(m->username, ':', m->username_len) : NULL;
	if (colon == NULL)
		return NULL;
	return find_by_name(table, m->username, (size_t)(colon - m->username));
}

static void
stun_datagram(struct transport_table *table, struct packet *packet,
    int64_t now_us)
{
	struct stun_message m;
	struct transport   *t;

	if (stun_parse(&m, packet->bytes, packet->len)) {
		t = find_by_address(table, &packet->remote);
		if (t)
			t->stats.malformed++;
		else
			table->strays++;
		packet_free(&packet);
		return;
	}
	t = find_for_stun(table, &m, &packet->remote, now_us);
	if (t)
		transport_receive_stun(t, &m, packet, now_us);
	else
		stray(table, packet);
}

/*
 * SRTP from an unproven address: of a peer whose NAT forgot him? His old path
 * has gone quiet then, and the packet is authentic with his keys. Takes the
 * packet if so. Who floods us with SSRCs that he knows hinders no more than
 * this: the peer's next check does it then.
 */
static bool
roams(struct transport_table *table, struct packet *packet, bool rtcp,
    int64_t now_us)
{
	struct reader        r = reader_of(packet->bytes, packet->len);
	struct stream_entry *entry;
	uint32_t             ssrc;

	reader_skip(&r, rtcp ? 4 : 8);
	ssrc = reader_u32(&r);
	entry = r.bad ? NULL : *stream_bucket(table, ssrc);
	for (; entry; entry = entry->next) {
		if (entry->ssrc != ssrc ||
		    !ice_quiet(&entry->transport->ice, now_us))
			continue;
		if (!rate_limit_pass(&table->guesses, now_us, GUESS_SPACING_US,
		    GUESS_BURST))
			return false;
		if (transport_receive_roaming(entry->transport, packet, now_us,
		    rtcp))
			return true;
	}
	return false;
}

void
transport_table_datagram(struct transport_table *table, struct packet *packet,
    int64_t now_us)
{
	const enum datagram_kind kind = classify(packet->bytes, packet->len);
	struct transport        *t;

	if (kind == DATAGRAM_STUN) {
		stun_datagram(table, packet, now_us);
		return;
	}
	t = find_by_address(table, &packet->remote);
	if (t) {
		transport_receive(t, kind, packet, now_us);
		return;
	}
	if ((kind == DATAGRAM_RTP || kind == DATAGRAM_RTCP) &&
	    roams(table, packet, kind == DATAGRAM_RTCP, now_us))
		return;
	t = find_by_candidate(table, &packet->remote);
	if (t)
		t->stats.not_validated++;
	else
		table->strays++;
	packet_free(&packet);
}

uint64_t
transport_table_strays(const struct transport_table *table)
{
	return table->strays;
}

int
transport_table_new(struct transport_table **out, struct media_socket *socket,
    struct packet_pool *pool)
{
	struct transport_table *table = xcalloc(1, sizeof(*table));

	table->socket = socket;
	table->pool = pool;
	table->seed = random_u32();
	*out = table;
	return 0;
}

void
transport_table_between(struct transport_table *table,
    void (*between)(void *to), void *to)
{
	table->between = between;
	table->between_to = to;
}

void
transport_table_use(struct transport_table *table,
    struct media_socket *socket)
{
	table->socket = socket;
}

void
transport_table_free(struct transport_table *table)
{
	free(table);
}
