import type { Artifact, OpenArtifact } from '#libs/artifacts';

/** Types that a browser may show in place: it runs nothing of them. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'text/plain']);
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(; charset=[\w-]+)?$/;
const UNKNOWN = 'application/octet-stream';

/** Media type of an artifact: what a handler said, if it is one. */
export function mediaTypeOf({ contentType }: Pick<Artifact, 'contentType'>): string {
  return MEDIA_TYPE.test(contentType) ? contentType : UNKNOWN;
}

/**
 * Headers with which a file of a job leaves: whatever is in it, and whatever type its handler gave it, it does nothing in a browser in the
 * name of this server.
 */
export function artifactHeaders({ name, size, contentType, part }: OpenArtifact): Record<string, string> {
  const type = mediaTypeOf({ contentType });
  const isShown = SHOWN.has(type.split(';', 1)[0] ?? '');
  return {
    'Content-Type': type,
    'Content-Length': String(part ? part.end - part.start + 1 : size),
    'Content-Disposition': `${isShown ? 'inline' : 'attachment'}; ${fileName(name)}`,
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    'Accept-Ranges': 'bytes',
    ...(part && { 'Content-Range': `bytes ${part.start}-${part.end}/${size}` }),
  };
}

/** A name for old readers, and the true one. */
function fileName(name: string): string {
  const plain = name.replace(/[^\w .-]/g, '_');
  const coded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename="${plain}"; filename*=UTF-8''${coded}`;
}

/**
 * The part of a file that a `Range` header asks for. Several parts, other units, and parts that the file does not have are answered with all
 * of it, as the standard allows.
 */
export function partAskedFor(
  range: string | undefined,
  size: number,
): { start: number; end: number } | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start <= end && start < size ? { start, end } : undefined;
}
