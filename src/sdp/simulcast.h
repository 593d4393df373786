/*
 * The layers of simulcast that are taken of an offer (RFC 8853, RFC 8851).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to sdp/offer_answer.c and sdp/answer_write.c. Of what a=simulcast
 * sends the first SDP_LAYERS_MAX streams are taken, each as the first of its
 * alternatives, when there are two at least and a=rid says of each that it is
 * sent. One that depends on another or has payload types of its own is left
 * out; other restrictions bind the sender alone, and are answered as they
 * stand. Pure.
 */
#ifndef SDP_SIMULCAST_H
#define SDP_SIMULCAST_H

#include "sdp/offer_answer.h"
#include "sdp/sdp.h"
#include "util/strbuf.h"

/* Fills layer_count and layers of what we receive. */
void sdp_simulcast_agree(struct sdp_stream *s, const struct sdp_media *m);

/* The a=rid lines and a=simulcast; nothing without layers. */
void sdp_simulcast_write(struct strbuf *out, const struct sdp_stream *s,
    const struct sdp_media *m);

#endif
