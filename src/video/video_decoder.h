/*
 * A video decoder: FFmpeg's native VP8, H.264 and VP9, and dav1d for AV1.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The size is read from the bitstream (video/bitstream.h) before the decoder
 * sees a byte: above 1920x1088 (either way up) or below 16 is refused. One
 * thread, max_pixels set, no film grain; a picture in which something was
 * wrong is not shown. Each change of size or codec costs new buffers: after a
 * few at once a stream gets one in 25 frames, other key frames are refused.
 * A stream that holds back more than two pictures is refused. Presume it
 * exploitable: it runs in the sandbox. Owner: one decode thread.
 */
#ifndef VIDEO_VIDEO_DECODER_H
#define VIDEO_VIDEO_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"
#include "video/video_frame.h"

#define VIDEO_WIDTH_MAX  1920
#define VIDEO_HEIGHT_MAX 1088
#define VIDEO_SIZE_MIN   16

struct video_decoder;

/* Touches each library once, before the sandbox. */
int  video_decoder_prepare(void);

int  video_decoder_new(struct video_decoder **out);
void video_decoder_free(struct video_decoder *d);

/*
 * Decodes one frame. The picture is of BT.601 and limited range, whatever it
 * was sent in. Returns 0 with *out a reference of the caller, who sets
 * its times before he shares it; -EAGAIN when there is nothing to show (also
 * when eight pictures of this decoder are still out); -EBADMSG when it is
 * broken or refused, or not the key frame that `key` says; -EMSGSIZE for a
 * size out of range. After an error nothing but a key frame decodes, nor after
 * a change of codec. Pictures that are out outlive the decoder.
 */
int video_decoder_decode(struct video_decoder *d, enum video_codec codec,
    const uint8_t *data, size_t len, bool key, struct video_frame **out);

#endif
