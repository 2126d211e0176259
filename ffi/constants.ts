/**
 * The numbers of libsrt's C header (`srt.h`) that this package uses, under libsrt's own names.
 * They are the same in every version from 1.4.4 on.
 *
 * @module
 */

export const SRT_ERROR = -1;
export const SRT_INVALID_SOCK = -1;

/** Socket options (`SRT_SOCKOPT`). */
export const SRTO_SNDSYN = 1;
export const SRTO_RCVSYN = 2;
export const SRTO_FC = 4;
export const SRTO_RCVBUF = 6;
export const SRTO_LINGER = 7;
export const SRTO_UDP_RCVBUF = 9;
export const SRTO_REUSEADDR = 15;
export const SRTO_PASSPHRASE = 26;
export const SRTO_PBKEYLEN = 27;
export const SRTO_TLPKTDROP = 31;
export const SRTO_CONNTIMEO = 36;
export const SRTO_RCVLATENCY = 43;
export const SRTO_PEERLATENCY = 44;
export const SRTO_STREAMID = 46;
export const SRTO_PAYLOADSIZE = 49;
export const SRTO_TRANSTYPE = 50;
export const SRTO_ENFORCEDENCRYPTION = 53;
export const SRTO_IPV6ONLY = 54;
export const SRTO_PEERIDLETIMEO = 55;

/** `SRT_TRANSTYPE`: live mode, one message a packet, delivered at its time. */
export const SRTT_LIVE = 0;

/** Largest payload of one packet in live mode (`SRT_LIVE_MAX_PLSIZE`). */
export const SRT_LIVE_MAX_PLSIZE = 1456;
/** Payload of seven MPEG-TS packets, libsrt's default (`SRT_LIVE_DEF_PLSIZE`). */
export const SRT_LIVE_DEF_PLSIZE = 1316;
/** Longest stream id in bytes. */
export const SRT_MAX_STREAMID = 512;

/** Errors (`SRT_ERRNO`) that callers tell apart. */
export const SRT_ECONNLOST = 2001;
export const SRT_ECONNREJ = 1002;
export const SRT_EINVSOCK = 5004;
export const SRT_EASYNCSND = 6001;
export const SRT_EASYNCRCV = 6002;
export const SRT_ECONGEST = 6004;
/** Those of setting a socket up (`MJ_SETUP`) are below. */
export const SRT_SETUP_ERRORS_END = 2000;

/** Codes from here on are those of a listener that refuses a caller … */
export const SRT_REJC_PREDEFINED = 1000;
/** … of which these have a meaning (`access_control.h`). */
export const SRT_REJX_BAD_REQUEST = 1400;
export const SRT_REJX_OVERLOAD = 1402;
export const SRT_REJX_FORBIDDEN = 1403;
export const SRT_REJX_BAD_MODE = 1405;
export const SRT_REJX_CONFLICT = 1409;
export const SRT_REJX_ISE = 1500;
export const SRT_REJX_DOWN = 1503;

/** Readiness (`SRT_EPOLL_OPT`). */
export const SRT_EPOLL_IN = 0x1;
export const SRT_EPOLL_OUT = 0x4;
export const SRT_EPOLL_ERR = 0x8;
/** `srt_epoll_set` flag: an epoll without sockets is no error. */
export const SRT_EPOLL_ENABLE_EMPTY = 1;

/** Socket states (`SRT_SOCKSTATUS`), at the index of their number. */
export const SRT_SOCKSTATUS = [
  "unknown",
  "init",
  "opened",
  "listening",
  "connecting",
  "connected",
  "broken",
  "closing",
  "closed",
  "nonexist",
] as const;
