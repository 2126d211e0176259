/** Small files by which players open a broadcast that know no more than a list of URLs. */

/** A kind of such files. */
export interface PlayerFile {
  /** What it is called, beside a broadcast's own files. */
  readonly file: string;
  /** The type by which systems know which player opens it. */
  readonly type: string;
  /**
   * Makes the file of the broadcast `name`.
   * @param url what the player is to play
   */
  readonly make: (name: string, url: string) => string;
}

/** The one that most players know. */
export const M3U: PlayerFile = {
  file: "stream.m3u",
  type: "audio/x-mpegurl",
  make: (name, url) => `#EXTM3U\n#EXTINF:-1,${name}\n${url}\n`,
};

/** All of them. */
export const PLAYER_FILES: readonly PlayerFile[] = [M3U, {
  file: "stream.pls",
  type: "audio/x-scpls",
  make: (name, url) =>
    `[playlist]\nNumberOfEntries=1\nFile1=${url}\nTitle1=${name}\nLength1=-1\nVersion=2\n`,
}];
