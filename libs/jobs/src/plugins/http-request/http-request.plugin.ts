import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { type DynamicModule, Module } from '@nestjs/common';
import { InvalidSettingsError, type Environment } from '#libs/contracts';
import { HttpClient } from './exchange/client.js';
import { ReachPolicy } from './guard/policy.js';
import { HttpRequestHandler } from './http-request.handler.js';
import { Secrets } from './secrets/secrets.js';
import { HTTP_REQUEST_SETTINGS, readHttpRequestSettings } from './settings.js';

/** The job type `http.request`. See the README.md beside this file. */
@Module({})
export class HttpRequestPlugin {
  /**
   * @param environment where settings and secrets are read. Default: `process.env`.
   * @throws {InvalidSettingsError} when they cannot be used.
   */
  static forRoot(environment: Environment = process.env): DynamicModule {
    const settings = readHttpRequestSettings(environment);
    const ca = settings.HTTP_CA_FILE && authorities(settings.HTTP_CA_FILE);
    return {
      module: HttpRequestPlugin,
      providers: [
        { provide: HTTP_REQUEST_SETTINGS, useValue: settings },
        { provide: Secrets, useValue: new Secrets(environment) },
        { provide: HttpClient, useFactory: () => new HttpClient(new ReachPolicy(settings), ca || undefined) },
        HttpRequestHandler,
      ],
    };
  }
}

/** Those Node.js knows, and one of one's own. */
function authorities(file: string): string[] {
  try {
    const own = readFileSync(file, 'utf8');
    if (own.includes('-----BEGIN CERTIFICATE-----')) return [...rootCertificates, own];
  } catch (error) {
    throw new InvalidSettingsError([`HTTP_CA_FILE: cannot be read: ${(error as Error).message}`]);
  }
  throw new InvalidSettingsError([`HTTP_CA_FILE: ${file} has no certificate in it (PEM)`]);
}
