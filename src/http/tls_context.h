/*
 * The TLS side of the HTTPS listener: context and certificate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS 1.2 or later. Without a configured certificate one is made at the
 * first start and kept until it ends: ECDSA P-256, signed by itself, for the
 * names of this machine and localhost, two years. A key with a passphrase is
 * refused. Main thread.
 */
#ifndef HTTP_TLS_CONTEXT_H
#define HTTP_TLS_CONTEXT_H

#include <stddef.h>

struct tls_context;
struct ssl_st;

/*
 * From PEM files. Returns 0; -ENOENT when a file is missing; -EINVAL when
 * they cannot be used, with words in `why`.
 */
int tls_context_new(struct tls_context **out, const char *certificate,
    const char *key, char *why, size_t why_size);

void tls_context_free(struct tls_context **context);

/*
 * Reads the files again for the connections to come (SIGHUP). When that
 * fails the old ones stay in use.
 */
int tls_context_reload(struct tls_context *context, char *why,
    size_t why_size);

/* The session of one new connection, for libevent; NULL without memory. */
struct ssl_st *tls_context_session(struct tls_context *context);

/*
 * Makes key and certificate in `folder` (which is there), as tls-key.pem
 * (mode 0600) and tls-certificate.pem, when there is no such pair, half a one
 * or one that has ended. Returns 0 or -errno.
 */
int tls_self_signed_make(const char *folder, const char *host_name);

#endif
