/*
 * A video decoder; today VP8 by FFmpeg's native decoder.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The size is read from the bitstream (video/bitstream.h) before the decoder
 * sees a byte: above 1920x1088 (either way up) or below 16 is refused. One
 * thread, max_pixels set. Each change of size costs new buffers: after a few
 * at once a stream gets one in 25 frames, other key frames are refused.
 * Presume it exploitable: it runs in the sandbox. Owner: one decode thread.
 */
#ifndef VIDEO_VIDEO_DECODER_H
#define VIDEO_VIDEO_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "video/video_frame.h"

#define VIDEO_WIDTH_MAX  1920
#define VIDEO_HEIGHT_MAX 1088
#define VIDEO_SIZE_MIN   16

struct video_decoder;

/* Touches the library once, before the sandbox. */
int  video_decoder_prepare(void);

int  video_decoder_new(struct video_decoder **out);
void video_decoder_free(struct video_decoder *d);

/*
 * Decodes one frame. Returns 0 with *out a reference of the caller, who sets
 * its times before he shares it; -EAGAIN when there is nothing to show (also
 * when eight pictures of this decoder are still out); -EBADMSG when it is
 * broken or refused, or not the key frame that `key` says; -EMSGSIZE for a
 * size out of range. After an error nothing but a key frame decodes. Pictures
 * that are out outlive the decoder.
 */
int video_decoder_decode(struct video_decoder *d, const uint8_t *data,
    size_t len, bool key, struct video_frame **out);

#endif
