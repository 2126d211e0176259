/** What is known of who publishes, as it goes with everything that is told of a session. */
export type Props = Readonly<Record<string, string>>;

/** `props`, and who publishes: `dj` and nobody else. */
export function withDj({ dj: _, ...others }: Props, dj: string | undefined): Props {
  return dj === undefined ? others : { ...others, dj };
}
