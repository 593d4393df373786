/*
 * What a Host field names.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page of anywhere can let its own name lead to our address (DNS
 * rebinding) and is then of one origin with us: what keeps it out of a
 * listener without a password is only the name, which the browser still
 * tells. Pure; any thread.
 */
#ifndef HTTP_HOST_NAME_H
#define HTTP_HOST_NAME_H

#include <stdbool.h>

/*
 * Whether the value of a Host field, with or without a port, is an IP address
 * or "localhost": names that nobody else can lead here.
 */
bool host_name_is_direct(const char *host);

#endif
