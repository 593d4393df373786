/*
 * One headless participant: joining, its timers and its life.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer/peer_internal.h"
#include "sdp/fragment.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/strbuf.h"
#include "util/xalloc.h"

#define POOL_PACKETS  1024
#define CONNECT_US    15000000
#define SILENT_US     10000000	/* the server is gone */
#define REJOIN_US     1000000
#define SOCKET_BYTES  (1 << 20)
#define OFFER_MAX     8192

/* ---- sockets ------------------------------------------------------------- */

static int
udp_socket(int family)
{
	const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	const int on = 1, size = SOCKET_BYTES;
	union packet_addr any = { 0 };

	if (fd < 0)
		return -1;
	any.any.sa_family = (sa_family_t)family;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
		    sizeof(on));
	}
	if (bind(fd, &any.any, packet_addr_len(&any)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- the transport's results --------------------------------------------- */

static void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct peer *peer = to;

	transport_table_datagram(peer->table, packet, now_us);
}

static void
on_batch_end(void *to, int64_t now_us)
{
	struct peer *peer = to;

	(void)now_us;
	media_socket_flush(peer->socket);
}

static void
on_connected(void *to)
{
	struct peer  *peer = to;
	const int64_t now_us = clock_monotonic_us();

	peer->state = PEER_CONNECTED;
	if (peer->cfg.rebind_us)
		peer->rebind_us = now_us + peer->cfg.rebind_us;
	peer->restart_due_us = peer->cfg.restart_us ?
	    now_us + peer->cfg.restart_us : INT64_MAX;
	peer->counts.joins++;
	peer->video_due_us = peer->audio_due_us = now_us;
	peer->audio_start_us = now_us;
	peer->audio_frames = 0;
	peer->report_due_us = now_us + 200000;
	peer->plis_due_us = now_us;
	peer->frame = 0;
}

static void
on_ended(void *to, enum transport_end how)
{
	struct peer *peer = to;

	(void)how;
	peer->state = PEER_LOST;	/* taken down by the next beat */
}

/* ---- joining ------------------------------------------------------------- */

static void
peer_disconnect(struct peer *peer)
{
	transport_free(peer->transport);
	peer->transport = NULL;
	if (peer->socket)
		media_socket_flush(peer->socket);
}

static void
peer_fail(struct peer *peer, const char *why)
{
	fprintf(stderr, "peer %u: %s\n", peer->cfg.index, why);
	peer->counts.failures++;
	peer_disconnect(peer);
	peer->state = peer->cfg.stay ? PEER_WAITING : PEER_OVER;
	peer->rejoin_us = clock_monotonic_us() + REJOIN_US;
}

static int
peer_transport(struct peer *peer, const struct sdp_answered *a,
    int64_t now_us)
{
	struct transport_config cfg = {
		.controlling = true,
		.dtls_client = a->dtls_active,
		.local_ufrag = peer->ufrag,
		.local_pwd = peer->pwd,
		.remote_ufrag = a->ufrag,
		.remote_pwd = a->pwd,
		.identity = peer->cfg.identity,
		.handler = { on_connected, peer_on_rtp, peer_on_rtcp,
		    NULL, on_ended, peer },
	};
	int err;

	memcpy(cfg.remote_fingerprint, a->fingerprint,
	    sizeof(cfg.remote_fingerprint));
	err = transport_new(&peer->transport, peer->table, &cfg, now_us);
	if (err)
		return err;
	for (unsigned i = 0; i < a->candidate_count; i++) {
		const struct sdp_candidate *c = &a->candidates[i];
		union packet_addr           remote = { 0 };

		if (c->v6) {
			remote.v6.sin6_family = AF_INET6;
			remote.v6.sin6_port = htons(a->port);
			inet_pton(AF_INET6, c->address,
			    &remote.v6.sin6_addr);
		} else {
			remote.v4.sin_family = AF_INET;
			remote.v4.sin_port = htons(a->port);
			inet_pton(AF_INET, c->address, &remote.v4.sin_addr);
		}
		transport_add_candidate(peer->transport, &remote, now_us);
	}
	return 0;
}

static void
on_left(void *to, const struct join_result *result)
{
	struct peer *peer = to;

	(void)result;
	peer->state = PEER_OVER;
}

/* The answer came after the leave: the session is ended all the same. */
static void
peer_leave_late(struct peer *peer, const struct join_result *result)
{
	const struct join_ask ask = { JOIN_DELETE, result->location, NULL,
	    NULL };

	peer->state = PEER_OVER;
	if (result->status == 201 && result->location &&
	    join_request(peer->cfg.base, peer->cfg.target, &ask, on_left,
	    peer) == 0)
		peer->state = PEER_LEAVING;
}

static void
on_answer(void *to, const struct join_result *result)
{
	struct peer  *peer = to;
	const int64_t now_us = clock_monotonic_us();
	char          why[300];

	if (peer->state == PEER_LEAVING) {
		peer_leave_late(peer, result);
		return;
	}
	if (result->status != 201 || result->location == NULL) {
		snprintf(why, sizeof(why), "cannot join: %d %.*s",
		    result->status, (int)(result->body_len > 200 ? 200 :
		    result->body_len), result->body ? result->body : "");
		peer_fail(peer, why);
		return;
	}
	snprintf(peer->session, sizeof(peer->session), "%s",
	    result->location);
	if (sdp_answer_read(&peer->answered, result->body,
	    result->body_len) != 0 ||
	    peer_transport(peer, &peer->answered, now_us) != 0) {
		peer_fail(peer, "cannot use the answer");
		return;
	}
	peer->state = PEER_CONNECTING;
	peer->since_us = now_us;
	media_socket_flush(peer->socket);
}

static void
peer_path(const struct peer *peer, char *out, size_t size)
{
	const char *room = peer->cfg.target->room, *name = peer->cfg.name;

	if (peer->cfg.mode == PEER_BOTH)
		snprintf(out, size, "/v1/rooms/%s/join?name=%s", room, name);
	else
		snprintf(out, size, "/%s/%s?name=%s",
		    peer->cfg.mode == PEER_SEND ? "whip" : "whep", room, name);
}

static int
peer_reset_media(struct peer *peer)
{
	peer->audio_out = (struct rtp_sender){ .ssrc = random_u32() | 1,
	    .clock_rate = 48000, .next_sequence = random_u32() & 0x7fff };
	peer->video_out = (struct rtp_sender){ .ssrc = random_u32() & ~1U,
	    .clock_rate = 90000, .next_sequence = random_u32() & 0x7fff };
	peer->audio_rtp_base = random_u32();
	peer->video_rtp_base = random_u32();
	rtp_stats_init(&peer->audio_in, 48000);
	rtp_stats_init(&peer->video_in, 90000);
	memset(peer->sent, 0, sizeof(peer->sent));
	nack_init(&peer->nack);
	twcc_feedback_init(&peer->twcc);
	peer->key_lacking = false;
	frame_assembler_free(peer->assembler);
	peer->assembler = NULL;
	return frame_assembler_new(&peer->assembler);
}

void
peer_join(struct peer *peer, int64_t now_us)
{
	struct sdp_offer_config offer = {
		.send = peer->cfg.mode != PEER_WATCH,
		.receive = peer->cfg.mode != PEER_SEND,
		.audio = peer->cfg.audio,
		.video = peer->cfg.video,
		.codec = peer->cfg.codec,
		.ufrag = peer->ufrag,
		.pwd = peer->pwd,
		.cname = peer->ufrag,
		.session_id = random_u32(),
		.levels = true,
		.twcc = peer->cfg.video && peer->cfg.mode != PEER_SEND,
	};
	const char   *session = strrchr(peer->session, '/');
	struct strbuf sdp;
	char          path[512];
	struct join_ask ask = { JOIN_POST, path, NULL,
	    session ? session + 1 : NULL };
	int           err;

	err = peer_reset_media(peer);
	random_ice_chars(peer->ufrag, 8);
	random_ice_chars(peer->pwd, 24);
	dtls_identity_fingerprint(peer->cfg.identity, offer.fingerprint);
	offer.audio_ssrc = peer->audio_out.ssrc;
	offer.video_ssrc = peer->video_out.ssrc;
	strbuf_init(&sdp, OFFER_MAX);
	if (err == 0)
		err = sdp_offer_write(&sdp, &offer);
	peer->state = PEER_JOINING;
	peer->since_us = now_us;
	peer_path(peer, path, sizeof(path));
	ask.body = strbuf_text(&sdp);
	if (err == 0)
		err = join_request(peer->cfg.base, peer->cfg.target, &ask,
		    on_answer, peer);
	strbuf_clear(&sdp);
	if (err)
		peer_fail(peer, "cannot make a request");
}

/* ---- life ---------------------------------------------------------------- */

int
peer_new(struct peer **out, const struct peer_config *cfg)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));
	const struct media_socket_handler handler = {
		on_datagram, on_batch_end, peer,
	};
	int err;

	peer->cfg = *cfg;
	voice_init(&peer->voice, cfg->index, cfg->tone_hz);
	err = packet_pool_new(&peer->pool, POOL_PACKETS);
	if (err == 0)
		err = media_socket_new(&peer->socket, cfg->base,
		    udp_socket(AF_INET), udp_socket(AF_INET6), peer->pool,
		    &handler);
	if (err == 0)
		err = transport_table_new(&peer->table, peer->socket,
		    peer->pool);
	if (err == 0 && cfg->audio && cfg->mode != PEER_WATCH)
		err = audio_encoder_new(&peer->encoder, 32000, 5);
	if (err) {
		peer_free(peer);
		return err;
	}
	*out = peer;
	return 0;
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	peer_disconnect(peer);
	audio_encoder_free(peer->encoder);
	frame_assembler_free(peer->assembler);
	transport_table_free(peer->table);
	media_socket_free(peer->socket);
	packet_pool_free(peer->pool);
	free(peer);
}

/* As behind a NAT that forgot us: all goes on from another port. */
static void
peer_rebind(struct peer *peer)
{
	const struct media_socket_handler handler = {
		on_datagram, on_batch_end, peer,
	};
	struct media_socket *before = peer->socket, *after;

	peer->rebind_us = 0;
	if (media_socket_new(&after, peer->cfg.base, udp_socket(AF_INET),
	    udp_socket(AF_INET6), peer->pool, &handler) != 0)
		return;
	peer->counts.rebinds++;
	peer->socket = after;
	transport_table_use(peer->table, after);
	media_socket_free(before);
}

/* ---- ICE restart (RFC 9725, 4.3.1) --------------------------------------- */

static void
text_of(char *out, size_t size, struct sdp_span span)
{
	snprintf(out, size, "%.*s", (int)span.len, span.p);
}

static void
peer_restarted(struct peer *peer, const struct join_result *result)
{
	char                ufrag[SDP_ICE_MAX + 1], pwd[SDP_ICE_MAX + 1];
	struct sdp_fragment answer;
	const char         *why;

	if (result->status != 200 || sdp_fragment_read(&answer, result->body,
	    result->body_len, &why) != 0) {
		fprintf(stderr, "peer %u: ICE restart: %d\n",
		    peer->cfg.index, result->status);
		peer->counts.failures++;
		return;
	}
	text_of(ufrag, sizeof(ufrag), answer.ufrag);
	text_of(pwd, sizeof(pwd), answer.pwd);
	sdp_fragment_clear(&answer);
	if (transport_restart(peer->transport, peer->next_ufrag,
	    peer->next_pwd, ufrag, pwd) == 0)
		peer->counts.restarts++;
}

static void
on_restarted(void *to, const struct join_result *result)
{
	struct peer *peer = to;

	peer->restarting = false;
	/* Else it is of a call that has ended meanwhile. */
	if (peer->state == PEER_CONNECTED &&
	    peer->restart_joins == peer->counts.joins)
		peer_restarted(peer, result);
}

static void
peer_restart(struct peer *peer, int64_t now_us)
{
	char                  fragment[128];
	const struct join_ask ask = { JOIN_PATCH, peer->session, fragment,
	    NULL };

	peer->restart_due_us = now_us + peer->cfg.restart_us;
	if (peer->restarting)
		return;
	random_ice_chars(peer->next_ufrag, 8);
	random_ice_chars(peer->next_pwd, 24);
	snprintf(fragment, sizeof(fragment),
	    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", peer->next_ufrag,
	    peer->next_pwd);
	peer->restart_joins = peer->counts.joins;
	peer->restarting = join_request(peer->cfg.base, peer->cfg.target,
	    &ask, on_restarted, peer) == 0;
}

void
peer_beat(struct peer *peer, int64_t now_us)
{
	switch (peer->state) {
	case PEER_WAITING:
		if (now_us >= peer->rejoin_us)
			peer_join(peer, now_us);
		return;
	case PEER_LOST:
		peer_fail(peer, "the server ended the call");
		return;
	case PEER_CONNECTING:
		if (now_us - peer->since_us > CONNECT_US) {
			peer_fail(peer, "no connection within 15 s");
			return;
		}
		break;
	case PEER_CONNECTED:
		if (now_us - transport_heard_us(peer->transport) >
		    SILENT_US) {
			peer_fail(peer, "nothing heard for 10 s");
			return;
		}
		if (peer->rebind_us && now_us >= peer->rebind_us)
			peer_rebind(peer);
		if (now_us >= peer->restart_due_us)
			peer_restart(peer, now_us);
		peer_send_due(peer, now_us);
		break;
	case PEER_JOINING:
	case PEER_LEAVING:
	case PEER_OVER:
		return;
	}
	if (transport_next_us(peer->transport) <= now_us)
		transport_timeout(peer->transport, now_us);
	media_socket_flush(peer->socket);
}

void
peer_leave(struct peer *peer)
{
	const bool            joined = peer->state == PEER_CONNECTED ||
	    peer->state == PEER_CONNECTING;
	const struct join_ask ask = { JOIN_DELETE, peer->session, NULL, NULL };

	peer->cfg.stay = false;
	if (peer->state == PEER_JOINING) {
		peer->state = PEER_LEAVING;	/* the answer goes on with it */
		return;
	}
	peer_disconnect(peer);
	peer->state = PEER_OVER;
	if (joined && join_request(peer->cfg.base, peer->cfg.target, &ask,
	    on_left, peer) == 0)
		peer->state = PEER_LEAVING;
}

bool
peer_busy(const struct peer *peer)
{
	return peer->state == PEER_LEAVING;
}

bool
peer_connected(const struct peer *peer)
{
	return peer->state == PEER_CONNECTED;
}

bool
peer_over(const struct peer *peer)
{
	return peer->state == PEER_OVER && !peer->restarting;
}

const struct peer_counts *
peer_counts(const struct peer *peer)
{
	return &peer->counts;
}
