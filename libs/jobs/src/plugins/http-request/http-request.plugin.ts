import { type DynamicModule, Module } from '@nestjs/common';
import type { Environment } from '#libs/contracts';
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
    return {
      module: HttpRequestPlugin,
      providers: [
        { provide: HTTP_REQUEST_SETTINGS, useValue: settings },
        { provide: Secrets, useValue: new Secrets(environment) },
        { provide: HttpClient, useFactory: () => new HttpClient(new ReachPolicy(settings)) },
        HttpRequestHandler,
      ],
    };
  }
}
