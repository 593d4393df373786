/*
 * STUN messages as ICE uses them (RFC 8489, RFC 8445).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. At most 512 bytes, length a multiple of four, magic cookie and
 * FINGERPRINT required, USERNAME at most 513 bytes; attributes after
 * MESSAGE-INTEGRITY are ignored but FINGERPRINT.
 */
#ifndef NET_STUN_H
#define NET_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/packet.h"

#define STUN_MESSAGE_MAX 512
#define STUN_TRANSACTION_LEN 12

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

struct stun_message {
	enum stun_class class;
	uint16_t        method;		/* 1: Binding */
	uint8_t         transaction[STUN_TRANSACTION_LEN];
	const char     *username;	/* borrowed; NULL when absent */
	size_t          username_len;
	bool            use_candidate;
	bool            controlling, controlled;
	uint64_t        tie_breaker;
	bool            has_priority;
	uint32_t        priority;
	bool            has_mapped;
	union packet_addr mapped;	/* XOR-MAPPED-ADDRESS */
	uint16_t        error_code;	/* ERROR-CODE, 0 when absent */
	unsigned        unknown_count;	/* comprehension-required, not known */
	uint16_t        unknown[8];
	size_t          integrity_at;	/* offset of MESSAGE-INTEGRITY; 0: none */
};

/* Returns 0, or -EBADMSG. Checks FINGERPRINT, not MESSAGE-INTEGRITY. */
int stun_parse(struct stun_message *out, const uint8_t *bytes, size_t len);

/* Whether MESSAGE-INTEGRITY is right for this password, in constant time. */
bool stun_authentic(const struct stun_message *message, const uint8_t *bytes,
    size_t len, const char *password);

/* A Binding success response, with integrity and fingerprint. 0: no room. */
size_t stun_write_success(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN],
    const union packet_addr *mapped, const char *password);

/* A Binding error response 420 with UNKNOWN-ATTRIBUTES. */
size_t stun_write_unknown(uint8_t *out, size_t size,
    const struct stun_message *request, const char *password);

/* A Binding request of a controlling agent (tessera-peer). */
size_t stun_write_request(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN], const char *username,
    const char *password, uint32_t priority, uint64_t tie_breaker,
    bool use_candidate);

/* Likewise of a controlled agent (the server). */
size_t stun_write_question(uint8_t *out, size_t size,
    const uint8_t transaction[STUN_TRANSACTION_LEN], const char *username,
    const char *password, uint32_t priority, uint64_t tie_breaker);

#endif
