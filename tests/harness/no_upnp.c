/*
 * In the place of libgupnp-igd: there is no UPnP here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian 12's simple-whip-client is linked to libsoup 2; its libnice wants
 * UPnP, which comes with libsoup 3, and the two abort when they meet. With
 * this library before the real one the client runs as it is.
 */
#include <stddef.h>

size_t gupnp_simple_igd_get_type(void);
void  *gupnp_simple_igd_thread_new(void);
void   gupnp_simple_igd_add_port(void);
void   gupnp_simple_igd_remove_port_local(void);

size_t
gupnp_simple_igd_get_type(void)
{
	return 0;
}

void *
gupnp_simple_igd_thread_new(void)
{
	return NULL;
}

void
gupnp_simple_igd_add_port(void)
{
}

void
gupnp_simple_igd_remove_port_local(void)
{
}
