import semver from 'semver';

/** Digits a number of a version has when it is made sortable: what semver allows fits. */
const DIGITS = 16;

/** Orders versions, the older first, by semver; what is no version of semver is older than what is. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [semver.parse(a), semver.parse(b)];
  if (left && right) return semver.compareBuild(left, right);
  if (left || right) return left ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A text for a version; such texts sort as the versions do. What is no version of semver comes first. */
export function sortableVersion(version: string): string {
  const parsed = semver.parse(version);
  if (!parsed) return ` ${version}`;
  const padded = (number: number) => String(number).padStart(DIGITS, '0');
  const parts = parsed.prerelease.map((part) => (typeof part === 'number' ? `0${padded(part)}` : `1${part}`));
  // A release is newer than its previews.
  const preview = parts.length === 0 ? '~' : parts.join(' ');
  return [padded(parsed.major), padded(parsed.minor), padded(parsed.patch), preview].join('.');
}
