/**
 * Thrown for audio that is well-formed but that Echo does not take. `message` names it: "AAC SSR
 * (object type 3)".
 */
export class UnsupportedAudio extends Error {
  override readonly name = "UnsupportedAudio";
}
