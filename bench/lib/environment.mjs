/**
 * The environment of everything the benchmark starts: no setting of the user's (a REDIS_URL, a JOB_TTL_SECONDS, a
 * PGHOST) may change what is measured. graphile-worker would write a line for every job without NO_LOG_SUCCESS.
 */
export function cleanEnvironment() {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR && { TMPDIR }), NODE_ENV: 'production', NO_LOG_SUCCESS: '1' };
}
