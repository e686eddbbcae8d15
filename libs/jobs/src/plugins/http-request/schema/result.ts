import { z } from 'zod';

/** Result of `http.request`. Secrets that came back are replaced by `[secret NAME]`. */
export const httpRequestResult = z.strictObject({
  status: z.number().int(),
  /** Address that answered, after redirects. */
  url: z.string(),
  /** Redirects that were followed. */
  redirects: z.number().int(),
  /** Names in lower case; several values where a header came more than once. */
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** Bytes of the body, decompressed. */
  bytes: z.number().int(),
  /** From the start to the last byte. */
  durationMs: z.number(),
  /** What `body` is; absent where there is none. */
  bodyAs: z.enum(['json', 'text', 'base64']).optional(),
  body: z.unknown().optional(),
  /** Where the body went, if it was to be an artifact. */
  artifact: z
    .strictObject({ jobId: z.string(), name: z.string(), size: z.number().int(), contentType: z.string() })
    .optional(),
});

export type HttpRequestResult = z.output<typeof httpRequestResult>;
