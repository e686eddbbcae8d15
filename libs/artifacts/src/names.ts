import { InvalidArtifactNameError } from './errors.js';

/** Letters and digits of any script: names go into file systems, headers and pages. */
const NAME = /^[\p{L}\p{N}_-][\p{L}\p{N} ._-]{0,199}$/u;

/** Windows's and editors' endings that would make a surprise of a name. */
const ENDS_BADLY = /[. ]$/;

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  html: 'text/html; charset=utf-8',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  webp: 'image/webp',
  xml: 'application/xml',
  zip: 'application/zip',
};

/** @throws {InvalidArtifactNameError} unless `name` is a plain file name: nothing of it can leave its folder. */
export function assertArtifactName(name: string): void {
  if (
    typeof name !== 'string' ||
    !NAME.test(name) ||
    ENDS_BADLY.test(name) ||
    Buffer.byteLength(name) > 240
  ) {
    throw new InvalidArtifactNameError(String(name));
  }
}

/** MIME type by the ending of a file name; `application/octet-stream` for one that is not known. */
export function contentTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(TYPES, ending) && TYPES[ending]) || 'application/octet-stream';
}
