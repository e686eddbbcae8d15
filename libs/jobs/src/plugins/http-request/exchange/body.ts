import { type Readable, Transform, pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { ResponseTooLargeError, UnreadableResponseError } from '../errors.js';
import type { Redactor } from '../secrets/redactor.js';

const MAX_CODINGS = 3;
/** Statuses whose responses have no body, whatever their headers say. */
const BODILESS = new Set([204, 205, 304]);

/** A response's body on its way: decompressed, limited, without secrets. */
export interface ReadBody {
  readonly stream: Readable;
  /** Bytes so far, decompressed. */
  bytes(): number;
}

/**
 * Opens a response's body. More than `maxBytes` destroy the stream with a {@link ResponseTooLargeError}, counted
 * before and after decompression: what unpacks to very much is stopped as soon as it has unpacked to too much.
 *
 * @param method of the request: the answer to HEAD has the length and coding of a body, and none.
 * @throws {UnreadableResponseError} for a coding that is not known.
 * @throws {ResponseTooLargeError} when the response says how large it is, and that is too much.
 */
export function openBody(
  { statusCode, headers, body }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>,
  method: string,
  maxBytes: number,
  redactor: Redactor,
): ReadBody {
  const empty = method === 'HEAD' || BODILESS.has(statusCode) || headers['content-length'] === '0';
  if (!empty && Number(headers['content-length']) > maxBytes) {
    body.destroy();
    throw new ResponseTooLargeError(maxBytes);
  }
  const decoders = empty ? [] : decodersOf(headers['content-encoding'], body);
  const sent = new Meter(maxBytes);
  const decoded = new Meter(maxBytes);
  const stages = decoders.flatMap((decoder) => [decoder, new Meter(maxBytes)]);
  const stream = pipeline(
    [body, sent, ...stages, decoded, ...redactor.streams()] as never,
    // Whoever reads the last stage gets the error from there.
    () => undefined,
  ) as unknown as Readable;
  return { stream, bytes: () => decoded.bytes };
}

/** Counts what passes, and stops it above a limit. */
class Meter extends Transform {
  bytes = 0;

  constructor(private readonly maxBytes: number) {
    super();
  }

  override _transform(
    chunk: Buffer,
    _: BufferEncoding,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.bytes += chunk.length;
    if (this.bytes > this.maxBytes) done(new ResponseTooLargeError(this.maxBytes));
    else done(null, chunk);
  }
}

/** What undoes the codings of a body, in the order they are to be undone. */
function decodersOf(coding: string | string[] | undefined, body: Readable): Transform[] {
  const names = String(coding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  const decoders = names.reverse().map(decoderOf);
  if (names.length <= MAX_CODINGS && decoders.every((decoder) => decoder !== undefined)) return decoders;
  body.destroy();
  throw new UnreadableResponseError(
    `the response has the content coding "${names
      .slice(0, MAX_CODINGS + 1)
      .join(', ')
      .slice(0, 100)}", which cannot be undone here`,
  );
}

function decoderOf(name: string): Transform | undefined {
  if (name === 'gzip' || name === 'x-gzip') return createGunzip();
  if (name === 'deflate') return createInflate();
  if (name === 'br') return createBrotliDecompress();
  return undefined;
}
