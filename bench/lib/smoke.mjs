/** So few that all cases together take some seconds; the figures then mean nothing. */
export const SMOKE_SCALE = 0.01;

const OURS = 'drover';

/** The cases of a smoke run: fewer, and most of them for Drover only, so that it takes some seconds. */
export function smokeCases(cases) {
  return cases
    .filter(({ smoke }) => smoke)
    .map((entry) => ({
      ...entry,
      jobs: entry.smokeJobs ? entry.smokeJobs / SMOKE_SCALE : entry.jobs,
      peers: (peer) => (entry.peers?.(peer) ?? true) && (entry.smoke === 'all' || peer.name === OURS),
    }));
}
