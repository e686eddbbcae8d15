import { flag, listOf, readSettings, wholeNumber, type Environment } from '#libs/contracts';
import { z } from 'zod';
import { hostPattern } from '../support/host-pattern.js';

const MIB = 1024 * 1024;

/** Settings of the plugin, by their environment names. `.env.example` says what each means. */
export const httpRequestSettingsSchema = z.object({
  HTTP_ALLOW_PRIVATE: flag().default(false),
  HTTP_PRIVATE_HOSTS: listOf(hostPattern),
  HTTP_ALLOWED_HOSTS: listOf(hostPattern),
  HTTP_CA_FILE: z.string().optional(),
  HTTP_TIMEOUT_SECONDS: wholeNumber(1, 86_400).default(30),
  HTTP_MAX_REDIRECTS: wholeNumber(0, 50).default(10),
  HTTP_MAX_RESULT_BYTES: wholeNumber(0, 16 * MIB).default(256 * 1024),
  HTTP_MAX_ARTIFACT_BYTES: wholeNumber(0, 1024 * 1024 * MIB).default(64 * MIB),
});

export type HttpRequestSettings = z.output<typeof httpRequestSettingsSchema>;

/** Injection token of the plugin's {@link HttpRequestSettings}. */
export const HTTP_REQUEST_SETTINGS = Symbol('drover:http-request-settings');

/** @throws {InvalidSettingsError} naming every setting that is wrong. */
export function readHttpRequestSettings(environment: Environment): HttpRequestSettings {
  return readSettings(httpRequestSettingsSchema, environment);
}
