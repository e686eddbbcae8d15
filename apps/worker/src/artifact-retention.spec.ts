import { TYPE_DEFAULTS, withOverrides, type TypeOverrides } from '#libs/contracts';
import { artifactRetention } from './artifact-retention.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TIMEOUT = TYPE_DEFAULTS.timeout;
const settings = (ttl: number, artifacts?: number) => ({
  JOB_TTL_SECONDS: ttl,
  ARTIFACT_TTL_SECONDS: artifacts,
});
const type = (overrides: TypeOverrides) => withOverrides(TYPE_DEFAULTS, overrides);

it.each<[string, ReturnType<typeof settings>, TypeOverrides[], number | undefined]>([
  ['what is set, whatever types say', settings(3600, 60), [{ retention: { dead: 90 * DAY } }], 60_000],
  ['for ever when that is set', settings(3600, 0), [], undefined],
  ['as long as a dead letter by default', settings(3600), [], 14 * DAY + TIMEOUT],
  ['as long as jobs are kept', settings(30 * 86_400), [], 30 * DAY + TIMEOUT],
  ['for ever where jobs are', settings(0), [], undefined],
  [
    'as long as the longest type says',
    settings(3600),
    [{}, { retention: { completed: 60 * DAY } }],
    60 * DAY + TIMEOUT,
  ],
  [
    'and as a run of it may take',
    settings(3600),
    [{ retention: { failed: 20 * DAY }, timeout: DAY }],
    21 * DAY,
  ],
  ['not shorter because one type is', settings(3600), [{ retention: { dead: HOUR } }], 14 * DAY + TIMEOUT],
])('artifacts are kept %s', (_, given, types, expected) => {
  expect(artifactRetention(given, types.map(type))).toBe(expected);
});
