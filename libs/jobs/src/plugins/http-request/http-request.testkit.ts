import { runHandler, type HandlerRun, type RunHandlerOptions } from '#libs/jobs/testing';
import { HttpRequestHandler } from './http-request.handler.js';
import { HttpRequestPlugin } from './http-request.plugin.js';
import type { HttpRequestResult } from './schema/result.js';

/** A run of `http.request`, with its result. */
export type HttpRun = Omit<HandlerRun, 'result'> & { readonly result: HttpRequestResult };

/** Runs `http.request` in a worker that may ask servers on this machine. */
export async function request(
  payload: object,
  environment: Record<string, string> = {},
  options: RunHandlerOptions = {},
): Promise<HttpRun> {
  const imports = [HttpRequestPlugin.forRoot({ HTTP_ALLOW_PRIVATE: 'true', ...environment })];
  return (await runHandler(HttpRequestHandler, { payload, imports, ...options })) as HttpRun;
}
