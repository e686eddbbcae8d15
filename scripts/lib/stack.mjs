import { report, say, warn } from './messages.mjs';

/** Time on top of SHUTDOWN_SECONDS before a program that does not end is killed. */
export const SPARE_SECONDS = 5;

const WITHOUT_REDIS_MS = 5000;
const SAME_KEYSTROKE_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * What runs together and ends together: our programs first, so that the worker can hand its jobs
 * back, and our Redis, if we started one, last.
 */
export class Stack {
  apps = [];
  redis = undefined;
  stopping = undefined;
  graceMs = 30_000;

  constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.signalledAt = undefined;
    for (const name of SIGNALS) process.on(name, () => this.onSignal(name));
    // The terminal may be gone (SIGHUP): its broken pipe must not keep us from ending in order.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  }

  isStopping = () => this.stopping !== undefined;

  useRedis(server) {
    this.redis = server;
    void server.exited.then(() => {
      if (!this.isStopping()) this.graceMs = WITHOUT_REDIS_MS; // nothing can be handed back any more
      this.onLost('Redis', `its last lines are in ${server.dir}/redis.log`);
    });
  }

  add(app) {
    this.apps.push(app);
    void app.drained.then(() => this.onLost(`the ${app.name}`, `${app.ending}; its own lines are above`));
    return app;
  }

  onSignal(name) {
    const now = Date.now();
    if (this.signalledAt === undefined) {
      this.signalledAt = now;
      say(name === 'SIGINT' ? '\nStopping (Ctrl-C again to hurry) ...' : 'Stopping ...');
      void this.stop(0);
    } else if (now - this.signalledAt > SAME_KEYSTROKE_MS) {
      // npm passes a Ctrl-C on to us that the terminal has sent us already: that is one, not two.
      this.apps.forEach((app) => app.kill());
    }
  }

  onLost(what, details) {
    if (this.isStopping()) return;
    warn(`${what} ended unexpectedly (${details}); stopping the rest`);
    void this.stop(1);
  }

  /** Stops everything in order; `ended` resolves with the exit code. */
  stop(code) {
    this.stopping ??= this.stopInOrder(code).catch((error) => {
      report(error);
      this.end(1);
    });
    return this.stopping;
  }

  async stopInOrder(code) {
    await Promise.all(this.apps.map((app) => app.stop(this.graceMs)));
    await this.redis?.stop();
    if (code === 0) say('Stopped.');
    this.end(code);
  }
}
