import { createBullBoard } from '@bull-board/api';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { QueueService } from '#libs/queue';
import { QueueName } from '../redis/queue-name.js';
import { RedisGuard } from '../redis/redis-guard.js';
import { BOARD_PATH } from './board-path.js';
import { BoardServer } from './board-server.js';
import { createQueueAdapter } from './queue-adapter.js';

/**
 * Serves Bull Board at {@link BOARD_PATH}: every queue the API looks after. It comes behind the guards and
 * the body parser, so call it after those, and before the application is initialised.
 *
 * @param docs path of the API's documentation, which the page links to.
 */
export function serveBoard(app: NestExpressApplication, docs: string): void {
  const { backend } = app.get(QueueService);
  const server = new BoardServer(app.get(RedisGuard)).setBasePath(BOARD_PATH);
  createBullBoard({
    queues: app.get(QueueName).all.map((name) => createQueueAdapter(backend, name)),
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Drover',
        hideDocsLink: true,
        miscLinks: [{ text: 'API documentation', url: docs }],
      },
    },
  });
  app.use(BOARD_PATH, server.getRouter());
}
