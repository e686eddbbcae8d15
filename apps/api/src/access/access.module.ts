import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Settings } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { AdminKey } from './credentials/admin-key.js';
import { ApiKeys } from './keys/api-keys.js';
import { KeysController } from './keys/keys.controller.js';
import { Readiness } from './readiness.js';
import { SessionController } from './sessions/session.controller.js';
import { Sessions } from './sessions/sessions.js';
import { SignIn } from './sessions/sign-in.js';
import { SignInLinks } from './sessions/sign-in-links.js';
import { FailedSignIns } from './throttle/failed-sign-ins.js';
import { SharedCounts } from './throttle/shared-counts.js';
import { SlidingWindows } from './throttle/sliding-windows.js';
import { Throttle } from './throttle/throttle.js';

/** Who may do what: keys, sessions, the guard of all routes, limits. */
@Module({})
export class AccessModule {
  static forRoot({ DROVER_ADMIN_KEY, RATE_LIMIT_PER_MINUTE, QUEUE_PREFIX }: Settings): DynamicModule {
    return {
      module: AccessModule,
      global: true,
      controllers: [KeysController, SessionController],
      providers: [
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: AdminKey, useFactory: () => new AdminKey(DROVER_ADMIN_KEY) },
        {
          provide: Throttle,
          inject: [QueueService],
          useFactory: (queue: QueueService) => {
            const windows = new SlidingWindows();
            return new Throttle(
              RATE_LIMIT_PER_MINUTE,
              windows,
              new SharedCounts(windows, queue, QUEUE_PREFIX),
            );
          },
        },
        ApiKeys,
        Sessions,
        SignInLinks,
        SignIn,
        FailedSignIns,
        Authenticator,
        Readiness,
      ],
      exports: [Authenticator, Throttle],
    };
  }
}
