/**
 * The functions of libsrt, as the foreign function interface has to know them.
 *
 * @module
 */
/** What this package calls of libsrt, as `Deno.dlopen` wants it. All of it is in libsrt 1.4.4. */
export const SRT_SYMBOLS = {
  srt_startup: { parameters: [], result: "i32" },
  srt_cleanup: { parameters: [], result: "i32" },
  srt_getversion: { parameters: [], result: "u32" },

  srt_create_socket: { parameters: [], result: "i32" },
  // (socket, sockaddr, its size)
  srt_bind: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  srt_connect: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  srt_listen: { parameters: ["i32", "i32"], result: "i32" },
  // (listener, srt_listen_callback_fn or null, what it is given)
  srt_listen_callback: { parameters: ["i32", "function", "pointer"], result: "i32" },
  // (socket, room for a sockaddr, its size in and out)
  srt_accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  srt_getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  srt_getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  srt_close: { parameters: ["i32"], result: "i32" },
  // The same on a thread that may wait.
  srt_close_elsewhere: {
    name: "srt_close",
    parameters: ["i32"],
    result: "i32",
    nonblocking: true,
  },
  srt_getsockstate: { parameters: ["i32"], result: "i32" },
  // (socket, option, value, its size; to read: its size in and out)
  srt_setsockflag: { parameters: ["i32", "i32", "buffer", "i32"], result: "i32" },
  srt_getsockflag: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },

  // (socket, bytes, their number, SRT_MSGCTRL or null)
  srt_sendmsg2: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  srt_recvmsg2: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  // (socket, SRT_TRACEBSTATS, clear the interval's counters, instantaneous buffer sizes)
  srt_bistats: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },

  srt_epoll_create: { parameters: [], result: "i32" },
  srt_epoll_set: { parameters: ["i32", "i32"], result: "i32" },
  srt_epoll_release: { parameters: ["i32"], result: "i32" },
  // (epoll, socket, pointer to the wanted events)
  srt_epoll_add_usock: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  srt_epoll_update_usock: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  srt_epoll_remove_usock: { parameters: ["i32", "i32"], result: "i32" },
  // (epoll, array of SRT_EPOLL_EVENT, its length, milliseconds)
  srt_epoll_uwait: { parameters: ["i32", "buffer", "i32", "i64"], result: "i32" },

  srt_getlasterror: { parameters: ["buffer"], result: "i32" },
  srt_getlasterror_str: { parameters: [], result: "pointer" },
  srt_strerror: { parameters: ["i32", "i32"], result: "pointer" },
  srt_getrejectreason: { parameters: ["i32"], result: "i32" },
  srt_setrejectreason: { parameters: ["i32", "i32"], result: "i32" },
  srt_rejectreason_str: { parameters: ["i32"], result: "pointer" },

  // (the functional areas that are logged, their number)
  srt_resetlogfa: { parameters: ["buffer", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libsrt's functions. */
export type SrtSymbols = Deno.DynamicLibrary<typeof SRT_SYMBOLS>["symbols"];
