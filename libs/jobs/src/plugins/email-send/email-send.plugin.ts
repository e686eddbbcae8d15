import { readFileSync } from 'node:fs';
import { type DynamicModule, Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { InvalidSettingsError, type Environment } from '#libs/contracts';
import { EmailSendHandler } from './email-send.handler.js';
import { EMAIL_SEND_SETTINGS, isConfigured, readEmailSendSettings } from './settings.js';
import { Mailer } from './smtp/mailer.js';

/** Says at the start why the type is missing. */
@Injectable()
class NotConfigured implements OnModuleInit {
  onModuleInit(): void {
    new Logger('email.send').log('not available in this worker: SMTP_URL and SMTP_FROM are not set');
  }
}

/**
 * The job type `email.send`. A worker without `SMTP_URL` starts without the type, as one of a version before it would: its
 * jobs are left to workers that have it. See the README.md beside this file.
 */
@Module({})
export class EmailSendPlugin {
  /**
   * @param environment where settings are read. Default: `process.env`.
   * @throws {InvalidSettingsError} when they cannot be used.
   */
  static forRoot(environment: Environment = process.env): DynamicModule {
    const settings = readEmailSendSettings(environment);
    if (!isConfigured(settings)) return { module: EmailSendPlugin, providers: [NotConfigured] };
    const ca = settings.SMTP_CA_FILE && readCertificate(settings.SMTP_CA_FILE);
    return {
      module: EmailSendPlugin,
      providers: [
        { provide: EMAIL_SEND_SETTINGS, useValue: settings },
        { provide: Mailer, useFactory: () => new Mailer(settings, ca) },
        EmailSendHandler,
      ],
    };
  }
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidSettingsError([`SMTP_CA_FILE: cannot be read: ${(error as Error).message}`]);
  }
}
