/*
 * One peer's way through the network: ICE, then DTLS, then SRTP.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/classify.h"
#include "net/transport_internal.h"
#include "util/random.h"
#include "util/xalloc.h"

/* ---- out ----------------------------------------------------------------- */

/* To the selected address; nowhere when there is none. */
static bool
address_to_selected(const struct transport *t, struct packet *packet,
    int64_t now_us)
{
	const struct ice_path *path = ice_selected(&t->ice, now_us);

	if (path == NULL)
		return false;
	packet->remote = path->remote;
	packet->local = path->local;
	return true;
}

static void
on_dtls_send(void *to, const uint8_t *bytes, size_t len)
{
	struct transport *t = to;
	struct packet    *packet = packet_new(t->table->pool);

	if (packet == NULL)
		return;		/* DTLS sends again */
	if (len > sizeof(packet->bytes) ||
	    !address_to_selected(t, packet, t->now_us)) {
		packet_free(&packet);
		return;
	}
	memcpy(packet->bytes, bytes, len);
	packet->len = len;
	media_socket_send(t->table->socket, packet);
}

static void
on_dtls_between(void *to)
{
	const struct transport *t = to;

	if (t->table->between)
		t->table->between(t->table->between_to);
}

bool
transport_seal_rtp(struct transport *t, struct packet *packet)
{
	return transport_connected(t) && rtp_crypt_protect(t->crypt,
	    packet->bytes, &packet->len, sizeof(packet->bytes)) == 0;
}

void
transport_send_sealed(struct transport *t, struct packet *packet,
    int64_t now_us)
{
	if (!transport_connected(t) || !address_to_selected(t, packet, now_us))
		packet_free(&packet);
	else
		media_socket_send(t->table->socket, packet);
}

void
transport_send_rtp(struct transport *t, struct packet *packet, int64_t now_us)
{
	if (!transport_seal_rtp(t, packet))
		packet_free(&packet);
	else
		transport_send_sealed(t, packet, now_us);
}

void
transport_send_rtcp(struct transport *t, struct packet *packet, int64_t now_us)
{
	if (!transport_connected(t) || rtp_crypt_protect_rtcp(t->crypt,
	    packet->bytes, &packet->len, sizeof(packet->bytes)))
		packet_free(&packet);
	else
		transport_send_sealed(t, packet, now_us);
}

/* ---- DTLS ---------------------------------------------------------------- */

static void
end(struct transport *t, enum transport_end how)
{
	if (t->ended)
		return;
	t->ended = true;
	t->handler.ended(t->handler.to, how);
}

static void
keys_are_there(struct transport *t)
{
	uint8_t tx[DTLS_KEY_LEN], rx[DTLS_KEY_LEN];
	int     err;

	dtls_link_keys(t->dtls, tx, rx);
	err = rtp_crypt_new(&t->crypt, tx, rx);
	explicit_bzero(tx, sizeof(tx));
	explicit_bzero(rx, sizeof(rx));
	if (err)
		end(t, TRANSPORT_FAILED);
	else
		t->handler.connected(t->handler.to);
}

/* After each step of DTLS: what it has come to. */
static void
follow_dtls(struct transport *t, enum dtls_state state)
{
	switch (state) {
	case DTLS_HANDSHAKE:
		break;
	case DTLS_CONNECTED:
		if (t->crypt == NULL && !t->ended)
			keys_are_there(t);
		break;
	case DTLS_CLOSED:
		end(t, TRANSPORT_CLOSED);
		break;
	case DTLS_FAILED:
		end(t, TRANSPORT_FAILED);
		break;
	}
}

/* ---- in ------------------------------------------------------------------ */

/* A path was proven: the address leads here from now on. */
static void
path_proven(struct transport *t, const struct ice_event *event)
{
	if (event->renewed) {
		transport_table_unname(t->table, t);
		transport_table_name(t->table, t);
	}
	/* Somebody else may have proved it since: the last one has it. */
	if (event->fresh || t->addresses[event->path].transport == NULL)
		transport_table_bind(t->table, t, event->path);
	if (event->moved && transport_connected(t) && t->handler.moved)
		t->handler.moved(t->handler.to);
	if (t->dtls_started)
		return;
	t->dtls_started = true;
	dtls_link_start(t->dtls, t->now_us);
	follow_dtls(t, dtls_link_state(t->dtls));
}

void
transport_receive_stun(struct transport *t, const struct stun_message *m,
    struct packet *packet, int64_t now_us)
{
	uint8_t          reply[STUN_MESSAGE_MAX];
	struct ice_event event;

	t->now_us = now_us;
	event = ice_receive(&t->ice, m, packet->bytes, packet->len,
	    &packet->remote, &packet->local, now_us, reply);
	if (event.verdict == ICE_NOT_AUTHENTIC)
		t->stats.not_authentic++;
	/* The answer goes back in the packet the question came in. */
	if (event.reply_len > 0) {
		memcpy(packet->bytes, reply, event.reply_len);
		packet->len = event.reply_len;
		media_socket_send(t->table->socket, packet);
	} else {
		packet_free(&packet);
	}
	if (event.verdict == ICE_HEARD) {
		t->heard_us = now_us;
		path_proven(t, &event);
	}
}

/* Asks who was heard whether he is there now, if need be. */
static void
ask_back(struct transport *t, const struct packet *heard, int64_t now_us)
{
	uint8_t        fresh[STUN_TRANSACTION_LEN];
	struct packet *packet;

	if (!ice_question_due(&t->ice, &heard->remote, now_us))
		return;
	packet = packet_new(t->table->pool);
	if (packet == NULL)
		return;
	random_bytes(fresh, sizeof(fresh));
	packet->len = ice_question_write(&t->ice, &heard->remote, now_us,
	    fresh, packet->bytes);
	packet->remote = heard->remote;
	packet->local = heard->local;
	if (packet->len > 0)
		media_socket_send(t->table->socket, packet);
	else
		packet_free(&packet);
	t->table->asked_until_us = now_us + ICE_QUESTION_US;
}

/* 0, and the packet is taken; else it stays as it was. */
static int
take_srtp(struct transport *t, struct packet *packet, int64_t now_us,
    bool rtcp)
{
	int err = -EBADMSG;

	if (transport_connected(t))
		err = rtcp ? rtp_crypt_unprotect_rtcp(t->crypt, packet->bytes,
		    &packet->len) : rtp_crypt_unprotect(t->crypt,
		    packet->bytes, &packet->len);
	if (err)
		return err;
	t->heard_us = now_us;
	transport_table_learn(t->table, t);
	ice_media_heard(&t->ice, &packet->remote, now_us);
	ask_back(t, packet, now_us);
	if (rtcp)
		t->handler.rtcp(t->handler.to, packet);
	else
		t->handler.rtp(t->handler.to, packet);
	return 0;
}

static void
receive_srtp(struct transport *t, struct packet *packet, int64_t now_us,
    bool rtcp)
{
	const int err = take_srtp(t, packet, now_us, rtcp);

	if (err == 0)
		return;
	if (err == -EALREADY)
		t->stats.replayed++;
	else
		t->stats.not_authentic++;
	packet_free(&packet);
}

bool
transport_receive_roaming(struct transport *t, struct packet *packet,
    int64_t now_us, bool rtcp)
{
	t->now_us = now_us;
	if (take_srtp(t, packet, now_us, rtcp) != 0)
		return false;
	t->stats.roamed++;
	return true;
}

void
transport_receive(struct transport *t, enum datagram_kind kind,
    struct packet *packet, int64_t now_us)
{
	t->now_us = now_us;
	switch (kind) {
	case DATAGRAM_DTLS:
		follow_dtls(t, dtls_link_receive(t->dtls, packet->bytes,
		    packet->len, now_us));
		packet_free(&packet);
		break;
	case DATAGRAM_RTP:
	case DATAGRAM_RTCP:
		receive_srtp(t, packet, now_us, kind == DATAGRAM_RTCP);
		break;
	case DATAGRAM_STUN:	/* the table parses it */
	case DATAGRAM_UNKNOWN:
		t->stats.malformed++;
		packet_free(&packet);
		break;
	}
}

/* ---- time ---------------------------------------------------------------- */

int64_t
transport_next_us(const struct transport *t)
{
	const int64_t dtls = t->ended ? INT64_MAX : dtls_link_next_us(t->dtls);

	return t->ice.next_us < dtls ? t->ice.next_us : dtls;
}

static void
send_check(struct transport *t, int64_t now_us)
{
	uint8_t        fresh[STUN_TRANSACTION_LEN];
	struct packet *packet = packet_new(t->table->pool);

	if (packet == NULL) {
		t->ice.next_us = now_us + 50000;
		return;
	}
	random_bytes(fresh, sizeof(fresh));
	packet->len = ice_control_due(&t->ice, now_us, fresh, packet->bytes,
	    &packet->remote);
	if (packet->len > 0)
		media_socket_send(t->table->socket, packet);
	else
		packet_free(&packet);
}

void
transport_timeout(struct transport *t, int64_t now_us)
{
	t->now_us = now_us;
	if (now_us >= t->ice.next_us)
		send_check(t, now_us);
	if (!t->ended && now_us >= dtls_link_next_us(t->dtls))
		follow_dtls(t, dtls_link_timeout(t->dtls, now_us));
}

void
transport_add_candidate(struct transport *t, const union packet_addr *remote,
    int64_t now_us)
{
	if (t->ice.controlling)
		(void)ice_control_add(&t->ice, remote, now_us);
}

/* ---- the whole ----------------------------------------------------------- */

int
transport_new(struct transport **out, struct transport_table *table,
    const struct transport_config *cfg, int64_t now_us)
{
	struct transport *t = xcalloc(1, sizeof(*t));
	struct dtls_link_config dtls = {
		.identity = cfg->identity,
		.client = cfg->dtls_client,
		.send = on_dtls_send,
		.between = on_dtls_between,
		.to = t,
	};
	uint64_t tie_breaker;
	int      err;

	t->table = table;
	t->handler = cfg->handler;
	t->heard_us = t->now_us = now_us;
	memcpy(dtls.peer_fingerprint, cfg->remote_fingerprint,
	    sizeof(dtls.peer_fingerprint));
	err = ice_init(&t->ice, cfg->local_ufrag, cfg->local_pwd,
	    cfg->remote_ufrag, cfg->remote_pwd);
	if (!err)
		err = dtls_link_new(&t->dtls, &dtls);
	if (!err)
		err = transport_table_add(table, t);
	if (err) {
		dtls_link_free(t->dtls);
		free(t);
		return err;
	}
	random_bytes(&tie_breaker, sizeof(tie_breaker));
	t->ice.tie_breaker = tie_breaker;
	if (cfg->controlling) {
		ice_control_init(&t->ice, tie_breaker);
		table->controlling = true;
	}
	*out = t;
	return 0;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	dtls_link_close(t->dtls);
	transport_table_remove(t->table, t);
	dtls_link_free(t->dtls);
	rtp_crypt_free(t->crypt);
	explicit_bzero(&t->ice, sizeof(t->ice));
	free(t);
}

int
transport_restart(struct transport *t, const char *local_ufrag,
    const char *local_pwd, const char *remote_ufrag, const char *remote_pwd)
{
	int err;

	if (transport_table_has_name(t->table, local_ufrag))
		return -EEXIST;
	/* The index points at the texts, which are about to change. */
	transport_table_unname(t->table, t);
	err = ice_restart(&t->ice, local_ufrag, local_pwd, remote_ufrag,
	    remote_pwd);
	transport_table_name(t->table, t);
	return err;
}

bool
transport_connected(const struct transport *t)
{
	return t->crypt != NULL && !t->ended;
}

int64_t
transport_heard_us(const struct transport *t)
{
	return t->heard_us;
}

const struct transport_stats *
transport_stats(const struct transport *t)
{
	return &t->stats;
}
