/**
 * The numbers of RTMP messages.
 *
 * @module
 */
/** Message type ids (RTMP 1.0 5.4, 6.2, 7.1). */
export const MessageType = {
  SetChunkSize: 1,
  Abort: 2,
  Acknowledgement: 3,
  UserControl: 4,
  WindowAcknowledgementSize: 5,
  SetPeerBandwidth: 6,
  Audio: 8,
  Video: 9,
  DataAmf3: 15,
  CommandAmf3: 17,
  Data: 18,
  Command: 20,
  Aggregate: 22,
} as const;

/** Event types of user control messages (RTMP 1.0 7.1.7). */
export const UserControlEvent = {
  StreamBegin: 0,
  PingRequest: 6,
  PingResponse: 7,
} as const;
