/*
 * The numbers of RTCP that its readers and its writers share.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to src/rtp/ and its tests.
 */
#ifndef RTP_RTCP_WIRE_H
#define RTP_RTCP_WIRE_H

#define RTCP_PT_SR    200	/* RFC 3550, 12.1 */
#define RTCP_PT_RR    201
#define RTCP_PT_SDES  202
#define RTCP_PT_BYE   203
#define RTCP_PT_RTPFB 205	/* RFC 4585, 6.1 */
#define RTCP_PT_PSFB  206

#define RTCP_FORMAT_NACK 1	/* of RTPFB */
#define RTCP_FORMAT_CCFB 11	/* RFC 8888 */
#define RTCP_FORMAT_TWCC 15
#define RTCP_FORMAT_PLI  1	/* of PSFB */
#define RTCP_FORMAT_FIR  4
#define RTCP_FORMAT_APPLICATION 15

#define RTCP_REPORT_LEN 24	/* bytes of one report block */
#define RTCP_REMB_NAME  0x52454d42u	/* "REMB" */
#define RTCP_SDES_CNAME 1

#endif
