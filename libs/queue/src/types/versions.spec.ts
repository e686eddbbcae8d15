import { compareVersions, sortableVersion } from './versions.js';

// The oldest first.
const ordered = [
  'next',
  '0.9.10',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.2.0',
  '1.10.0',
  '10.0.0',
];

it.each(ordered.slice(1).map((version, at) => [ordered[at] as string, version]))(
  'version %s is older than %s, also as a text that sorts',
  (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(sortableVersion(older) < sortableVersion(newer)).toBe(true);
  },
);

it('a version is as old as itself', () => {
  for (const version of ordered) expect(compareVersions(version, version)).toBe(0);
});
