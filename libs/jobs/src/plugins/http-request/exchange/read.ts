import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { UnreadableResponseError } from '../errors.js';
import type { HttpRequestResult } from '../schema/result.js';
import type { Redactor } from '../secrets/redactor.js';

const EXCERPT_BYTES = 2048;
const EXCERPT_CHARACTERS = 300;
const JSON_TYPE = /^application\/(?:[^;]+\+)?json\b/i;
const TEXT_TYPE =
  /^text\/|^application\/(?:[^;]+\+)?xml\b|^application\/(?:javascript|x-www-form-urlencoded)\b/i;

type Body = Pick<HttpRequestResult, 'body' | 'bodyAs'>;

/**
 * Reads a body for the result.
 *
 * @param as what the job wants; `auto` = what the content type says.
 * @throws {UnreadableResponseError} when the job wants JSON and it is none.
 */
export async function readForResult(
  stream: Readable,
  contentType: string,
  as: 'auto' | 'json' | 'text' | 'base64',
  redactor: Redactor,
): Promise<Body> {
  const bytes = await buffer(stream);
  if (bytes.length === 0) return {};
  const wanted = as === 'auto' ? formOf(contentType) : as;
  if (wanted === 'base64') return { bodyAs: 'base64', body: bytes.toString('base64') };
  const text = decode(bytes, contentType);
  if (wanted === 'json') {
    const parsed = parse(text);
    if (parsed) return { bodyAs: 'json', body: redactor.json(parsed.value) };
    if (as === 'json') throw new UnreadableResponseError('the response is no JSON');
  }
  return { bodyAs: 'text', body: redactor.text(text) };
}

/** The beginning of a body, for a message: one line of text, or nothing. Never fails. */
export async function readExcerpt(
  stream: Readable,
  contentType: string,
  redactor: Redactor,
): Promise<string> {
  if (formOf(contentType) === 'base64') {
    stream.destroy();
    return '';
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= EXCERPT_BYTES) break;
    }
  } catch {
    // What there is must do: the status is what matters.
  }
  // Cut last: half a secret would not be known as one.
  const text = redactor.text(decode(Buffer.concat(chunks), contentType));
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, EXCERPT_CHARACTERS);
}

function formOf(contentType: string): 'json' | 'text' | 'base64' {
  if (JSON_TYPE.test(contentType)) return 'json';
  return TEXT_TYPE.test(contentType) ? 'text' : 'base64';
}

function decode(bytes: Buffer, contentType: string): string {
  const [, charset] = /charset="?([\w-]{1,40})/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
