import type { NestExpressApplication } from '@nestjs/platform-express';

/**
 * Ends the process in order on SIGTERM, SIGINT, or when the parent that holds its IPC channel is gone:
 * no new connections, answers under way are finished, Redis is let go, exit code 0.
 *
 * @param graceMs after this many milliseconds it ends all the same, with exit code 1.
 */
export function shutDownOnSignal(app: NestExpressApplication, graceMs: number): void {
  let closing = false;
  const shutDown = () => {
    // Ctrl-C reaches us twice: from the terminal, and from the parent that is going too.
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error('[api] shutdown failed:', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  if (process.connected) process.on('disconnect', shutDown);
}
