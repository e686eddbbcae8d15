import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DroverError } from '#libs/contracts';
import { Agent, type Dispatcher } from 'undici';
import {
  CertificateRefusedError,
  isCertificateError,
  RequestFailedError,
  TooManyRedirectsError,
} from '../errors.js';
import { guardedConnector } from '../guard/connector.js';
import { ReachPolicy } from '../guard/policy.js';
import { isRedirect, redirected } from './redirect.js';
import type { OutgoingRequest } from './request.js';

/** Bytes of a redirect's own body that are read to keep its connection; with more it is closed. */
const REDIRECT_BODY_BYTES = 64 * 1024;

/** The response to a request, after redirects. Its body must be read or destroyed. */
export interface Exchange {
  readonly response: Dispatcher.ResponseData;
  /** The request that was answered. */
  readonly request: OutgoingRequest;
  readonly redirects: number;
}

export interface SendOptions {
  /** Ends it, connection and body too. */
  readonly signal: AbortSignal;
  readonly maxRedirects: number;
  /** Statuses that are wanted, also where they are redirects. */
  isExpected(status: number): boolean;
  /** Told of each redirect that is followed. */
  onRedirect(status: number, to: URL): void;
}

/** Sends requests to where they may go, over connections that are kept for the next one. */
@Injectable()
export class HttpClient implements OnModuleDestroy {
  private readonly agent: Agent;

  /** @param ca certificates of authorities that vouch for servers, PEM. Default: those Node.js knows. */
  constructor(
    private readonly policy: ReachPolicy,
    ca?: readonly string[],
  ) {
    // The caller's signal bounds the time of all of it.
    this.agent = new Agent({ connect: guardedConnector(policy, { ca }), headersTimeout: 0, bodyTimeout: 0 });
  }

  async onModuleDestroy(): Promise<void> {
    await this.agent.destroy();
  }

  /**
   * Sends a request and follows redirects.
   *
   * @throws {RequestRefusedError} {@link TooManyRedirectsError} {@link RequestFailedError}, and the signal's reason.
   */
  async send(first: OutgoingRequest, options: SendOptions): Promise<Exchange> {
    let request = first;
    for (let redirects = 0; ; redirects++) {
      this.policy.checkUrl(request.url);
      const response = await this.exchange(request, options.signal);
      const { statusCode: status } = response;
      const location = single(response.headers.location);
      const final = options.maxRedirects === 0 || options.isExpected(status);
      if (final || !isRedirect(status, location)) return { response, request, redirects };
      await response.body.dump({ limit: REDIRECT_BODY_BYTES, signal: options.signal }).catch(() => undefined);
      const next = redirected(request, status, location);
      this.policy.checkRedirect(request.url, next.url);
      if (redirects === options.maxRedirects) {
        throw new TooManyRedirectsError(options.maxRedirects, next.url.href);
      }
      options.onRedirect(status, next.url);
      request = next;
    }
  }

  private async exchange(request: OutgoingRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { url, method, headers, body } = request;
    try {
      const response = await this.agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: { ...headers },
        body: body ?? null,
        signal,
      });
      // Whoever reads the body gets its errors; one that comes before or after must not end the process.
      response.body.on('error', () => undefined);
      return response;
    } catch (error) {
      signal.throwIfAborted();
      throw isCertificateError(error) ? new CertificateRefusedError(url.host, error) : failureOf(error);
    }
  }
}

/** What went wrong on the way, as the job's error. */
export function failureOf(error: unknown): Error {
  if (error instanceof DroverError) return error;
  return new RequestFailedError(describe(error), { cause: error });
}

/** Several addresses tried in vain come as one error without a message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describe))].join('; ');
  const { code, message } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
