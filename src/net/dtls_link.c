/*
 * One DTLS association that makes SRTP keys (RFC 5763, RFC 5764).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "net/dtls_link.h"
#include "net/dtls_reassembly.h"
#include "util/digest.h"
#include "util/random.h"
#include "util/reader.h"
#include "util/xalloc.h"

#if MBEDTLS_VERSION_MAJOR < 3
#define MBEDTLS_PRIVATE(member) member
#endif

#define FATAL_ERRORS_MAX   3
#define MTU                1200
#define RETRANSMIT_LEAST_MS 200
#define RETRANSMIT_MOST_MS  6400
#define HANDSHAKE_MESSAGE_MAX 16384
#define CERTIFICATE_MAX    1024

#define RECORD_CHANGE_CIPHER 20
#define RECORD_ALERT         21
#define RECORD_HANDSHAKE     22
#define RECORD_APPLICATION   23

struct dtls_identity {
	mbedtls_pk_context key;
	mbedtls_x509_crt   certificate;
	uint8_t            fingerprint[DIGEST_SHA256_LEN];
};

struct dtls_link {
	struct dtls_link_config cfg;
	enum dtls_state         state;
	unsigned                fatal_errors;
	mbedtls_ssl_config      config;	/* 2.28 exports keys by config */
	mbedtls_ssl_context     ssl;
	struct dtls_reassembly *hello;	/* server only */

	int64_t  now_us;		/* of the call under way */
	int64_t  half_us, full_us;	/* mbedTLS's timer; full 0: none */

	const uint8_t *datagram;	/* not read yet, or NULL */
	size_t         datagram_len;

	/* Client key, server key, client salt, server salt. */
	bool    exported;
	uint8_t material[2 * DTLS_KEY_LEN];
};

/* ECDHE and AEAD only: what browsers choose, and no more to choose from. */
static const int ciphersuites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	0,
};

/* Straight from the kernel: there is no state that a fork could double. */
static int
random_for_mbedtls(void *unused, unsigned char *out, size_t len)
{
	(void)unused;
	random_bytes(out, len);
	return 0;
}

/* ---- identity ------------------------------------------------------------ */

static int
certificate_write(struct dtls_identity *id)
{
	mbedtls_x509write_cert write;
	mbedtls_mpi            serial;
	uint8_t                der[CERTIFICATE_MAX], number[16];
	int                    len = -1;

	random_bytes(number, sizeof(number));
	number[0] = (uint8_t)((number[0] & 0x3f) | 0x40);
	mbedtls_mpi_init(&serial);
	mbedtls_x509write_crt_init(&write);
	mbedtls_x509write_crt_set_version(&write, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&write, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(&write, &id->key);
	mbedtls_x509write_crt_set_issuer_key(&write, &id->key);
	if (mbedtls_mpi_read_binary(&serial, number, sizeof(number)) == 0 &&
	    mbedtls_x509write_crt_set_serial(&write, &serial) == 0 &&
	    mbedtls_x509write_crt_set_subject_name(&write,
	    "CN=tessera") == 0 &&
	    mbedtls_x509write_crt_set_issuer_name(&write,
	    "CN=tessera") == 0 &&
	    /* Nobody checks the dates; the fingerprint is what counts. */
	    mbedtls_x509write_crt_set_validity(&write, "20260101000000",
	    "20360101000000") == 0)
		len = mbedtls_x509write_crt_der(&write, der, sizeof(der),
		    random_for_mbedtls, NULL);
	mbedtls_x509write_crt_free(&write);
	mbedtls_mpi_free(&serial);
	/* It is written at the end of the buffer. */
	if (len <= 0 || mbedtls_x509_crt_parse_der(&id->certificate,
	    der + sizeof(der) - (size_t)len, (size_t)len))
		return -EIO;
	return digest_sha256(id->fingerprint, id->certificate.raw.p,
	    id->certificate.raw.len);
}

/* mbedTLS looks for AES-NI at the first use, which two threads may not share. */
static void
detect_aes(void)
{
	mbedtls_aes_context aes;
	uint8_t             key[16] = { 0 }, block[16] = { 0 };

	mbedtls_aes_init(&aes);
	mbedtls_aes_setkey_enc(&aes, key, 128);
	mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, block, block);
	mbedtls_aes_free(&aes);
}

int
dtls_identity_new(struct dtls_identity **out)
{
	struct dtls_identity *id = xcalloc(1, sizeof(*id));
	int                   err = -EIO;

	detect_aes();
	mbedtls_pk_init(&id->key);
	mbedtls_x509_crt_init(&id->certificate);
	if (mbedtls_pk_setup(&id->key,
	    mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
	    mbedtls_pk_ec(id->key), random_for_mbedtls, NULL) == 0)
		err = certificate_write(id);
	if (err) {
		dtls_identity_free(id);
		return err;
	}
	*out = id;
	return 0;
}

void
dtls_identity_free(struct dtls_identity *id)
{
	if (id == NULL)
		return;
	mbedtls_x509_crt_free(&id->certificate);
	mbedtls_pk_free(&id->key);
	free(id);
}

void
dtls_identity_fingerprint(const struct dtls_identity *id, uint8_t out[32])
{
	memcpy(out, id->fingerprint, sizeof(id->fingerprint));
}

/* ---- what mbedTLS calls -------------------------------------------------- */

/*
 * An alert in the clear answers what a stranger may have forged, and would
 * make the true peer give up: it stays here.
 */
static bool
is_clear_alert(const uint8_t *bytes, size_t len)
{
	struct reader r = reader_of(bytes, len);
	const uint8_t type = reader_u8(&r);

	reader_skip(&r, 2);
	return type == RECORD_ALERT && reader_u16(&r) == 0;
}

static int
on_send(void *to, const unsigned char *bytes, size_t len)
{
	struct dtls_link *link = to;

	if (!is_clear_alert(bytes, len))
		link->cfg.send(link->cfg.to, bytes, len);
	return (int)len;
}

/* One datagram a call. */
static int
on_receive(void *to, unsigned char *out, size_t size)
{
	struct dtls_link *link = to;
	const size_t      len = link->datagram_len;

	if (link->datagram == NULL || len > size) {
		link->datagram = NULL;
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	memcpy(out, link->datagram, len);
	link->datagram = NULL;
	return (int)len;
}

static void
on_set_timer(void *to, uint32_t half_ms, uint32_t full_ms)
{
	struct dtls_link *link = to;

	link->half_us = link->now_us + (int64_t)half_ms * 1000;
	link->full_us = full_ms ? link->now_us + (int64_t)full_ms * 1000 : 0;
}

static int
on_get_timer(void *to)
{
	const struct dtls_link *link = to;

	if (link->full_us == 0)
		return -1;
	if (link->now_us >= link->full_us)
		return 2;
	return link->now_us >= link->half_us;
}

/* RFC 5764, 4.2 by RFC 5705: client random, then server random. */
static int
export_keys(struct dtls_link *link, const uint8_t *secret, size_t secret_len,
    const uint8_t client[32], const uint8_t server[32],
    mbedtls_tls_prf_types prf)
{
	uint8_t randoms[64];
	int     err;

	memcpy(randoms, client, 32);
	memcpy(randoms + 32, server, 32);
	err = mbedtls_ssl_tls_prf(prf, secret, secret_len,
	    "EXTRACTOR-dtls_srtp", randoms, sizeof(randoms), link->material,
	    sizeof(link->material));
	link->exported = err == 0;
	return err;
}

#if MBEDTLS_VERSION_MAJOR < 3
static int
on_export(void *to, const unsigned char *secret, const unsigned char *keys,
    size_t mac_len, size_t key_len, size_t iv_len,
    const unsigned char client[32], const unsigned char server[32],
    mbedtls_tls_prf_types prf)
{
	(void)keys;
	(void)mac_len;
	(void)key_len;
	(void)iv_len;
	return export_keys(to, secret, 48, client, server, prf);
}
#else
static void
on_export(void *to, mbedtls_ssl_key_export_type type,
    const unsigned char *secret, size_t secret_len,
    const unsigned char client[32], const unsigned char server[32],
    mbedtls_tls_prf_types prf)
{
	if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET)
		(void)export_keys(to, secret, secret_len, client, server, prf);
}
#endif

/* ---- setting up ---------------------------------------------------------- */

static int
config_fill(struct dtls_link *link)
{
	static const mbedtls_ssl_srtp_profile profiles[] = {
		MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80,
		MBEDTLS_TLS_SRTP_UNSET,
	};
	mbedtls_ssl_config   *c = &link->config;
	/* mbedTLS has no const here, and changes neither. */
	struct dtls_identity *id = (struct dtls_identity *)link->cfg.identity;

	if (mbedtls_ssl_config_defaults(c,
	    link->cfg.client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
	    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) ||
	    mbedtls_ssl_conf_own_cert(c, &id->certificate, &id->key) ||
	    mbedtls_ssl_conf_dtls_srtp_protection_profiles(c, profiles))
		return -ENOMEM;
	mbedtls_ssl_conf_rng(c, random_for_mbedtls, NULL);
	mbedtls_ssl_conf_min_version(c, 3, 3);
	mbedtls_ssl_conf_max_version(c, 3, 3);
	mbedtls_ssl_conf_ciphersuites(c, ciphersuites);
	/* The certificate is asked for, and judged by its fingerprint. */
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_OPTIONAL);
	mbedtls_ssl_conf_handshake_timeout(c, RETRANSMIT_LEAST_MS,
	    RETRANSMIT_MOST_MS);
	if (!link->cfg.client) {
		mbedtls_ssl_conf_cert_req_ca_list(c,
		    MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
		/* ICE has proved the address already. */
		mbedtls_ssl_conf_dtls_cookies(c, NULL, NULL, NULL);
	}
#if MBEDTLS_VERSION_MAJOR < 3
	mbedtls_ssl_conf_export_keys_ext_cb(c, on_export, link);
#endif
	return 0;
}

int
dtls_link_new(struct dtls_link **out, const struct dtls_link_config *cfg)
{
	struct dtls_link *link = xcalloc(1, sizeof(*link));

	link->cfg = *cfg;
	if (!cfg->client)
		link->hello = xcalloc(1, sizeof(*link->hello));
	mbedtls_ssl_config_init(&link->config);
	mbedtls_ssl_init(&link->ssl);
	if (config_fill(link) || mbedtls_ssl_setup(&link->ssl, &link->config)) {
		dtls_link_free(link);
		return -ENOMEM;
	}
	mbedtls_ssl_set_mtu(&link->ssl, MTU);
	mbedtls_ssl_set_bio(&link->ssl, link, on_send, on_receive, NULL);
	mbedtls_ssl_set_timer_cb(&link->ssl, link, on_set_timer, on_get_timer);
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_set_export_keys_cb(&link->ssl, on_export, link);
#endif
	*out = link;
	return 0;
}

void
dtls_link_free(struct dtls_link *link)
{
	if (link == NULL)
		return;
	mbedtls_ssl_free(&link->ssl);
	mbedtls_ssl_config_free(&link->config);
	mbedtls_platform_zeroize(link->material, sizeof(link->material));
	free(link->hello);
	free(link);
}

/* ---- what may reach mbedTLS ---------------------------------------------- */

/* The messages that a client or a server sends in the clear (RFC 5246, 7.4). */
static bool
handshake_type_plausible(const struct dtls_link *link, uint8_t type)
{
	if (link->cfg.client)
		return type == 2 || type == 3 || type == 4 ||
		    (type >= 11 && type <= 14) || type == 22;
	return type == 1 || type == 11 || type == 15 || type == 16;
}

static bool
handshakes_plausible(const struct dtls_link *link, struct reader record)
{
	while (reader_left(&record) > 0) {
		const uint8_t  type = reader_u8(&record);
		const uint32_t length = reader_u24(&record);
		uint32_t       offset, fragment;

		reader_skip(&record, 2);
		offset = reader_u24(&record);
		fragment = reader_u24(&record);
		reader_skip(&record, fragment);
		if (record.bad || length > HANDSHAKE_MESSAGE_MAX ||
		    offset + fragment > length ||
		    !handshake_type_plausible(link, type))
			return false;
	}
	return !record.bad;
}

static bool
record_plausible(const struct dtls_link *link, uint8_t type, bool clear,
    struct reader record)
{
	switch (type) {
	case RECORD_CHANGE_CIPHER:
		return reader_left(&record) == 1;
	case RECORD_HANDSHAKE:
		return !clear || (reader_left(&record) > 0 &&
		    handshakes_plausible(link, record));
	case RECORD_ALERT:
	case RECORD_APPLICATION:
		/*
		 * Before the end of the handshake anybody could have sent
		 * such an alert: it must not end anything.
		 */
		return !clear;
	default:
		return false;
	}
}

/*
 * Before the handshake is over mbedTLS takes a malformed message for the end;
 * so what is plainly none of the peer's does not reach it.
 */
static bool
datagram_plausible(const struct dtls_link *link, const uint8_t *bytes,
    size_t len)
{
	struct reader r = reader_of(bytes, len);

	while (reader_left(&r) > 0) {
		const uint8_t  type = reader_u8(&r);
		const uint16_t version = reader_u16(&r);
		const uint16_t epoch = reader_u16(&r);
		struct reader  record;

		reader_skip(&r, 6);
		record = reader_sub(&r, reader_u16(&r));
		if (r.bad || (version != 0xfeff && version != 0xfefd) ||
		    !record_plausible(link, type, epoch == 0, record))
			return false;
	}
	return !r.bad;
}

/* ---- going on ------------------------------------------------------------ */

/* The one proof of who speaks: the certificate's hash stood in the SDP. */
static bool
peer_is_right(const struct dtls_link *link)
{
	const mbedtls_x509_crt *peer = mbedtls_ssl_get_peer_cert(&link->ssl);
	uint8_t                 digest[DIGEST_SHA256_LEN];

	return peer != NULL &&
	    digest_sha256(digest, peer->raw.p, peer->raw.len) == 0 &&
	    digest_equal(digest, link->cfg.peer_fingerprint, sizeof(digest));
}

static bool
srtp_agreed(const struct dtls_link *link)
{
	mbedtls_dtls_srtp_info info;

	memset(&info, 0, sizeof(info));
	mbedtls_ssl_get_dtls_srtp_negotiation_result(&link->ssl, &info);
	return link->exported &&
	    info.MBEDTLS_PRIVATE(chosen_dtls_srtp_profile) ==
	    MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80;
}

static void
fail(struct dtls_link *link)
{
	mbedtls_platform_zeroize(link->material, sizeof(link->material));
	link->exported = false;
	link->full_us = 0;
	link->state = DTLS_FAILED;
}

/* As mbedtls_ssl_handshake does. */
static int
steps(struct dtls_link *link)
{
	int err = 0;

	while (err == 0 && link->ssl.MBEDTLS_PRIVATE(state) !=
	    MBEDTLS_SSL_HANDSHAKE_OVER) {
		err = mbedtls_ssl_handshake_step(&link->ssl);
		if (link->cfg.between)
			link->cfg.between(link->cfg.to);
	}
	return err;
}

/* A step that did not end well: from the beginning, or no more. */
static void
start_anew(struct dtls_link *link, int err)
{
	/* Out of memory it may compute wrongly: better no process. */
	if (err == MBEDTLS_ERR_SSL_ALLOC_FAILED)
		abort();
	link->fatal_errors++;
	link->exported = false;
	link->full_us = 0;
	link->datagram = NULL;
	if (link->fatal_errors >= FATAL_ERRORS_MAX ||
	    mbedtls_ssl_session_reset(&link->ssl)) {
		fail(link);
		return;
	}
	if (link->hello)
		link->hello->active = false;
	if (link->cfg.client)
		(void)steps(link);
}

static void
handshake(struct dtls_link *link)
{
	const int err = steps(link);

	if (err == MBEDTLS_ERR_SSL_WANT_READ ||
	    err == MBEDTLS_ERR_SSL_WANT_WRITE)
		return;
	if (err != 0) {
		start_anew(link, err);
		return;
	}
	if (peer_is_right(link) && srtp_agreed(link))
		link->state = DTLS_CONNECTED;
	else
		fail(link);
}

/*
 * After the handshake: mbedTLS resends its last flight when the peer asks,
 * and tells when the peer is gone. All else is of no interest.
 */
static void
listen(struct dtls_link *link)
{
	uint8_t unused[512];
	int     n;

	do
		n = mbedtls_ssl_read(&link->ssl, unused, sizeof(unused));
	while (n > 0);
	if (n == MBEDTLS_ERR_SSL_ALLOC_FAILED)
		abort();
	if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
	    n == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		link->state = DTLS_CLOSED;
}

void
dtls_link_start(struct dtls_link *link, int64_t now_us)
{
	link->now_us = now_us;
	if (link->cfg.client && link->state == DTLS_HANDSHAKE)
		handshake(link);
}

enum dtls_state
dtls_link_receive(struct dtls_link *link, const uint8_t *bytes, size_t len,
    int64_t now_us)
{
	enum dtls_reassembly_verdict verdict = DTLS_PASS;

	link->now_us = now_us;
	if (link->state == DTLS_HANDSHAKE &&
	    !datagram_plausible(link, bytes, len))
		return link->state;
	if (link->hello)
		verdict = dtls_reassembly_push(link->hello, bytes, len, &bytes,
		    &len);
	if (verdict == DTLS_HELD)
		return link->state;
	link->datagram = bytes;
	link->datagram_len = len;
	/* A step may go to a due retransmission before it reads. */
	for (int tries = 0; tries < 3 && link->datagram; tries++) {
		if (link->state == DTLS_HANDSHAKE)
			handshake(link);
		else if (link->state == DTLS_CONNECTED)
			listen(link);
	}
	link->datagram = NULL;
	return link->state;
}

enum dtls_state
dtls_link_state(const struct dtls_link *link)
{
	return link->state;
}

int64_t
dtls_link_next_us(const struct dtls_link *link)
{
	if (link->state != DTLS_HANDSHAKE || link->full_us == 0)
		return INT64_MAX;
	return link->full_us;
}

enum dtls_state
dtls_link_timeout(struct dtls_link *link, int64_t now_us)
{
	link->now_us = now_us;
	if (now_us >= dtls_link_next_us(link))
		handshake(link);
	return link->state;
}

void
dtls_link_keys(const struct dtls_link *link, uint8_t tx[DTLS_KEY_LEN],
    uint8_t rx[DTLS_KEY_LEN])
{
	uint8_t *client = link->cfg.client ? tx : rx;
	uint8_t *server = link->cfg.client ? rx : tx;

	memcpy(client, link->material, 16);
	memcpy(server, link->material + 16, 16);
	memcpy(client + 16, link->material + 32, 14);
	memcpy(server + 16, link->material + 46, 14);
}

void
dtls_link_close(struct dtls_link *link)
{
	if (link->state == DTLS_CONNECTED)
		(void)mbedtls_ssl_close_notify(&link->ssl);
}
