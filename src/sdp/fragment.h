/*
 * ICE alone, exchanged again: SDP fragments (RFC 8840, 9; RFC 9725, 4.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A client sends candidates, or new credentials to restart ICE. We are lite
 * and learn its addresses from its checks, so candidates are read and
 * forgotten; only credentials mean something. Its user name and password are
 * those of the section that stands first in its BUNDLE group, else of its
 * first section, else of the fragment as a whole. Pure; any thread.
 */
#ifndef SDP_FRAGMENT_H
#define SDP_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "sdp/offer_answer.h"
#include "sdp/sdp.h"
#include "util/strbuf.h"

struct sdp_fragment {
	struct sdp             *sdp;	/* owned; borrows the text */
	const struct sdp_media *section;	/* NULL: it has none */
	struct sdp_span         ufrag, pwd;	/* both or neither */
};

/*
 * Returns 0, -EBADMSG or -ENOMEM with *why (static text, for a person). On
 * success it is to be cleared, before the text goes.
 */
int  sdp_fragment_read(struct sdp_fragment *out, const char *text, size_t len,
    const char **why);
void sdp_fragment_clear(struct sdp_fragment *fragment);

/* Whether it asks for a restart: it has other credentials than these. */
bool sdp_fragment_restarts(const struct sdp_fragment *fragment,
    const struct sdp_negotiated *agreed);

/*
 * The answer to a restart: our new credentials and all candidates of `cfg`,
 * of which only ufrag, pwd, port and candidates are used. 0 or -ENOMEM.
 */
int sdp_fragment_answer(struct strbuf *answer,
    const struct sdp_fragment *asked, const struct sdp_answer_config *cfg);

#endif
