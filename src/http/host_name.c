/*
 * What a Host field names.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <event2/util.h>

#include "http/host_name.h"

#define LOCALHOST "localhost"

static bool
is_end_or_port(const char *text)
{
	if (*text == '\0')
		return true;
	return *text == ':' && text[1] != '\0' &&
	    strspn(text + 1, "0123456789") == strlen(text + 1);
}

bool
host_name_is_direct(const char *host)
{
	const size_t            local_len = sizeof(LOCALHOST) - 1;
	struct sockaddr_storage address;
	int                     len = sizeof(address);

	if (strncasecmp(host, LOCALHOST, local_len) == 0)
		return is_end_or_port(host + local_len);
	return evutil_parse_sockaddr_port(host, (struct sockaddr *)&address,
	    &len) == 0;
}
