import { Inject } from '@nestjs/common';
import { ArtifactTooLargeError, assertArtifactName, TooManyArtifactsError } from '#libs/artifacts';
import { JobHandler, type JobContext } from '../../framework/index.js';
import { RequestRefusedError, ServerBusyError, UnexpectedStatusError } from './errors.js';
import { openBody } from './exchange/body.js';
import { failureOf, HttpClient, type Exchange } from './exchange/client.js';
import { Deadline } from './exchange/deadline.js';
import { readExcerpt, readForResult } from './exchange/read.js';
import { outgoingRequest, type OutgoingRequest } from './exchange/request.js';
import { retryAfter } from './exchange/retry-after.js';
import { httpRequestExamples } from './schema/examples.js';
import { isExpected } from './schema/expect.js';
import { httpRequestPayload, type HttpRequestPayload } from './schema/payload.js';
import { httpRequestResult, type HttpRequestResult } from './schema/result.js';
import { Redactor } from './secrets/redactor.js';
import { Secrets } from './secrets/secrets.js';
import { HTTP_REQUEST_SETTINGS, type HttpRequestSettings } from './settings.js';

/** Bytes of a response nobody expected that are read for the message. */
const EXCERPT_LIMIT = 64 * 1024;
/** Statuses whose `Retry-After` says when the same request may be sent again. */
const BUSY = new Set([429, 503]);
/** A server that wants it back at once is not asked at once: the type's backoff says when. */
const SHORTEST_WAIT_MS = 1000;

/** Sends an HTTP request, and keeps the response as the job's result or as an artifact. */
@JobHandler({
  type: 'http.request',
  name: 'HTTP request',
  description: 'Sends an HTTP request; the response becomes the result or an artifact.',
  payload: httpRequestPayload,
  result: httpRequestResult,
  examples: httpRequestExamples,
})
export class HttpRequestHandler implements JobHandler<HttpRequestPayload, HttpRequestResult> {
  constructor(
    private readonly client: HttpClient,
    private readonly secrets: Secrets,
    @Inject(HTTP_REQUEST_SETTINGS) private readonly settings: HttpRequestSettings,
  ) {}

  /** Refuses what the settings do not allow. */
  validate(payload: HttpRequestPayload): void {
    const { HTTP_MAX_REDIRECTS, HTTP_MAX_RESULT_BYTES, HTTP_MAX_ARTIFACT_BYTES } = this.settings;
    const { response, redirects } = payload;
    atMost('redirects', redirects, HTTP_MAX_REDIRECTS, 'HTTP_MAX_REDIRECTS');
    if (response.to === 'result') {
      atMost('response.maxBytes', response.maxBytes, HTTP_MAX_RESULT_BYTES, 'HTTP_MAX_RESULT_BYTES');
    } else {
      assertArtifactName(response.name);
      atMost('response.maxBytes', response.maxBytes, HTTP_MAX_ARTIFACT_BYTES, 'HTTP_MAX_ARTIFACT_BYTES');
    }
  }

  async run(payload: HttpRequestPayload, context: JobContext): Promise<HttpRequestResult> {
    const redactor = new Redactor();
    const request = outgoingRequest(payload, context.job, this.secrets, redactor);
    const timeoutMs = payload.timeout ?? this.settings.HTTP_TIMEOUT_SECONDS * 1000;
    const deadline = new Deadline(context.signal, timeoutMs);
    try {
      return await this.send(request, payload, context, redactor, deadline.signal);
    } catch (error) {
      deadline.signal.throwIfAborted();
      throw clean(failureOf(error), redactor);
    } finally {
      deadline.dispose();
    }
  }

  isRetryable(error: Error): boolean {
    if (error instanceof ArtifactTooLargeError || error instanceof TooManyArtifactsError) return false;
    return !(error instanceof UnexpectedStatusError) || error.retryable;
  }

  private async send(
    request: OutgoingRequest,
    payload: HttpRequestPayload,
    context: JobContext,
    redactor: Redactor,
    signal: AbortSignal,
  ): Promise<HttpRequestResult> {
    const started = performance.now();
    const exchange = await this.client.send(request, {
      signal,
      maxRedirects: payload.redirects ?? this.settings.HTTP_MAX_REDIRECTS,
      isExpected: (status) => isExpected(status, payload.expect),
      onRedirect: (status, to) => void context.log(redactor.text(`${status}: redirected to ${to.href}`)),
    });
    const { statusCode: status, headers } = exchange.response;
    if (!isExpected(status, payload.expect)) throw await unexpected(exchange, redactor);
    const received = await this.receive(exchange, payload, context, redactor);
    const durationMs = Math.round(performance.now() - started);
    const url = redactor.text(exchange.request.url.href);
    await context.log(
      `${exchange.request.method} ${url}: ${status}, ${received.bytes} bytes, ${durationMs} ms`,
    );
    return {
      status,
      url,
      redirects: exchange.redirects,
      headers: redactor.json(headers) as HttpRequestResult['headers'],
      durationMs,
      ...received,
    };
  }

  private async receive(
    { response, request }: Exchange,
    { response: wanted }: HttpRequestPayload,
    { artifacts }: JobContext,
    redactor: Redactor,
  ): Promise<Pick<HttpRequestResult, 'bytes' | 'body' | 'bodyAs' | 'artifact'>> {
    const contentType = String(response.headers['content-type'] ?? '');
    if (wanted.to === 'result') {
      const maxBytes = wanted.maxBytes ?? this.settings.HTTP_MAX_RESULT_BYTES;
      const body = openBody(response, request.method, maxBytes, redactor);
      const read = await readForResult(body.stream, contentType, wanted.as, redactor);
      return { bytes: body.bytes(), ...read };
    }
    const maxBytes = wanted.maxBytes ?? this.settings.HTTP_MAX_ARTIFACT_BYTES;
    const body = openBody(response, request.method, maxBytes, redactor);
    const options = contentType === '' ? {} : { contentType: redactor.text(contentType).slice(0, 200) };
    const kept = await artifacts.put(wanted.name, body.stream, options);
    const { jobId, name, size } = kept;
    return { bytes: body.bytes(), artifact: { jobId, name, size, contentType: kept.contentType } };
  }
}

function atMost(field: string, value: number | undefined, max: number, setting: string): void {
  if (value !== undefined && value > max) {
    throw new RequestRefusedError(`${field} is ${value}, but may be at most ${max} (${setting})`);
  }
}

async function unexpected({ response, request }: Exchange, redactor: Redactor): Promise<Error> {
  const { statusCode, headers } = response;
  let excerpt = '';
  try {
    const body = openBody(response, request.method, EXCERPT_LIMIT, redactor);
    excerpt = await readExcerpt(body.stream, String(headers['content-type'] ?? ''), redactor);
  } catch {
    response.body.destroy();
  }
  const retryAfterMs = retryAfter(headers['retry-after'], Date.now());
  const asked = `${request.method} ${request.url.href}`;
  const answer = { request: asked, status: statusCode, excerpt, retryAfterMs };
  const isBusy = BUSY.has(statusCode) && retryAfterMs !== undefined && retryAfterMs >= SHORTEST_WAIT_MS;
  return isBusy ? new ServerBusyError(answer, retryAfterMs) : new UnexpectedStatusError(answer);
}

/** Secrets in a message of undici's, of a server's or in an address. */
function clean(error: Error, redactor: Redactor): Error {
  error.message = redactor.text(error.message);
  if (error.stack) error.stack = redactor.text(error.stack);
  return error;
}
