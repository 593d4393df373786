/*
 * Adding up the counters of rooms.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One row for each field of struct ipc_stats, in its order: /metrics and the
 * sums come from the same table, so none is forgotten. Pure.
 */
#ifndef CONTROL_STATS_SUM_H
#define CONTROL_STATS_SUM_H

#include "ipc/messages.h"

/* field, help; these go up and down */
#define STATS_GAUGE_ROWS(X)						\
	X(participants, "People and watchers connected")		\
	X(watchers, "Watchers connected")				\
	X(video_encoders, "Video encoders in use")			\
	X(video_viewers, "Viewers of a rendition")			\
	X(audio_encoders, "Audio encoders in use")			\
	X(video_decoders, "Video decoders in use")			\
	X(video_streams, "Streams of pictures that come, each layer one") \
	X(video_streams_decoded, "Streams of pictures that are decoded")	\
	X(video_pixels, "Pixels in one picture of each that comes, summed") \
	X(video_pixels_decoded, "Pixels in one of each that is decoded, summed") \
	X(load_step, "What is left out for want of processors, 0 to 4")	\
	X(still, "People who stand still for want of processors")	\
	X(lines, "Lines to viewers that are estimated")			\
	X(lines_kbps, "What these lines carry, in kbit/s, summed")	\
	X(lines_loss_q8, "What they lose, in 256ths, summed")		\
	X(lines_rtt_ms, "Their round trip times, summed")		\
	X(lines_queue_ms, "How long packets wait on them, summed")	\
	X(lines_silent, "Viewers who report nothing and get no video")

/* field, help; these only grow */
#define STATS_COUNTER_ROWS(X)						\
	X(packets_in, "Media packets received")				\
	X(packets_out, "Media packets sent")				\
	X(bytes_in, "Bytes received")					\
	X(bytes_out, "Bytes sent")					\
	X(packets_bad, "Packets not parsed, not authentic or unknown")	\
	X(packets_dropped, "Packets dropped by full queues and pools")	\
	X(frames_decoded, "Pictures decoded")				\
	X(frames_encoded, "Pictures encoded")				\
	X(keyframes_encoded, "Key frames encoded")			\
	X(keyframes_asked, "Key frames that viewers asked for")		\
	X(nacks_in, "Packets that viewers asked for again")		\
	X(nacks_out, "Packets that we asked senders for again")		\
	X(resent, "Packets sent again")					\
	X(probes, "Trains of padding that tried what a line carries")	\
	X(audio_concealed, "Audio frames of 20 ms made up, not by FEC")	\
	X(audio_late_ticks, "Audio ticks more than 10 ms late")

/* stage, field in microseconds */
#define STATS_CPU_ROWS(X)						\
	X(net, cpu_net_us)						\
	X(audio, cpu_audio_us)						\
	X(decode, cpu_decode_us)					\
	X(compose, cpu_compose_us)					\
	X(encode, cpu_encode_us)

/* Adds the gauges and the counters of one room. */
void stats_add_gauges(struct ipc_stats *sum, const struct ipc_stats *one);
void stats_add_counters(struct ipc_stats *sum, const struct ipc_stats *one);

#endif
