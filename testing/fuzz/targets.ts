/**
 * All parsers that the fuzzer feeds. Whatever reads bytes or text from outside belongs here: a
 * publisher's stream, a client's request, a file that may be damaged, what an operator writes.
 */
import type { Target } from "./target.ts";
import { ADDRESS_TARGETS } from "./targets/addresses.ts";
import { AUDIO_TARGETS } from "./targets/audio.ts";
import { CONFIGURATION_TARGETS } from "./targets/configuration.ts";
import { FILE_TARGETS } from "./targets/files.ts";
import { FLV_TARGETS } from "./targets/flv.ts";
import { HTTP_CONNECTION_TARGETS } from "./targets/http_connections.ts";
import { HTTP_TARGETS } from "./targets/http.ts";
import { HTTP2_TARGETS } from "./targets/http2.ts";
import { ICECAST_TARGETS } from "./targets/icecast.ts";
import { REWIND_TARGETS } from "./targets/rewind.ts";
import { RTMP_TARGETS } from "./targets/rtmp.ts";
import { STORAGE_TARGETS } from "./targets/storage.ts";
import { STREAM_TARGETS } from "./targets/streams.ts";
import { TOKEN_TARGETS } from "./targets/tokens.ts";

export const TARGETS: readonly Target[] = [
  ...RTMP_TARGETS,
  ...FLV_TARGETS,
  ...ICECAST_TARGETS,
  ...AUDIO_TARGETS,
  ...STREAM_TARGETS,
  ...FILE_TARGETS,
  ...REWIND_TARGETS,
  ...STORAGE_TARGETS,
  ...CONFIGURATION_TARGETS,
  ...HTTP_CONNECTION_TARGETS,
  ...HTTP_TARGETS,
  ...HTTP2_TARGETS,
  ...ADDRESS_TARGETS,
  ...TOKEN_TARGETS,
];
