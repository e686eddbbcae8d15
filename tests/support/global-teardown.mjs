import { rmSync } from 'node:fs';

export default async function globalTeardown() {
  const running = globalThis.droverTestRedis;
  if (!running) return;
  // The server keeps no process alive; without this one would end here, before jest says how the tests went.
  const alive = setInterval(() => undefined, 1000);
  await running.server.stop();
  await globalThis.droverTestPostgres?.stop();
  rmSync(running.dir, { recursive: true, force: true });
  clearInterval(alive);
}
