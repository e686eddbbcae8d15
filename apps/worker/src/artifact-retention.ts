import { TYPE_DEFAULTS, type Settings, type TypeSettings } from '#libs/contracts';
import type { HandlerRegistry } from '#libs/jobs';
import type { TypeCatalog } from '#libs/queue';
import type { ArtifactsKept } from './artifact-sweeper.js';
import type { RedisLink } from './redis-link.js';

/**
 * How long a job's artifacts are kept after the last of them was written, in ms; `undefined` = for ever.
 *
 * Where `ARTIFACT_TTL_SECONDS` does not say, no artifact goes before its job: it is the longest time for which any
 * type keeps a job that has ended, and the time a run of it may take before that.
 *
 * @param types settings of all types whose jobs may have artifacts there.
 */
export function artifactRetention(
  { ARTIFACT_TTL_SECONDS, JOB_TTL_SECONDS }: Pick<Settings, 'ARTIFACT_TTL_SECONDS' | 'JOB_TTL_SECONDS'>,
  types: readonly TypeSettings[],
): number | undefined {
  if (ARTIFACT_TTL_SECONDS !== undefined) return orForEver(ARTIFACT_TTL_SECONDS * 1000);
  const untilGone = orForEver(JOB_TTL_SECONDS * 1000);
  if (untilGone === undefined) return undefined;
  // Types of workers that are not there at the moment keep their dead letters as long as types do without a word.
  return [TYPE_DEFAULTS, ...types].reduce((longest, { retention, timeout }) => {
    const { completed, failed, dead } = retention;
    return Math.max(longest, timeout + Math.max(completed ?? untilGone, failed ?? untilGone, dead));
  }, 0);
}

const orForEver = (ms: number): number | undefined => (ms === 0 ? undefined : ms);

/** The same, with the types of all live workers: they may write into the same folder. */
export async function artifactsKept(
  settings: Settings,
  registry: HandlerRegistry,
  redis: Pick<RedisLink, 'soon'>,
  catalog: TypeCatalog,
): Promise<ArtifactsKept> {
  const published = await redis.soon(() => catalog.list());
  if (!published) return 'unknown';
  const types = [...registry.all(), ...published].map((type) => type.settings);
  return artifactRetention(settings, types) ?? 'for ever';
}
