const OURS = 'drover';

/** The cases of a smoke run: fewer, and most of them for Drover only, so that it takes some seconds. */
export function smokeCases(cases) {
  return cases
    .filter(({ smoke }) => smoke)
    .map((entry) => ({
      ...entry,
      peers: (peer) => (entry.peers?.(peer) ?? true) && (entry.smoke === 'all' || peer.name === OURS),
    }));
}
