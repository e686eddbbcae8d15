// One PostgreSQL for all specs of a run, started when the first one asks: most runs need none.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgresServer } from '../../scripts/lib/postgres.mjs';

/** What is lost when the machine loses power is of no interest here. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
};

/**
 * Listens on a loopback port. Whoever connects gets the server's URL (without a database), or a line that
 * starts with `error `, and the end.
 */
export async function offerPostgres(folder) {
  const dir = mkdtempSync(join(tmpdir(), 'drover-test-postgres-'));
  let starting;
  const start = () => (starting ??= startPostgresServer({ folder, dir, user: 'drover', settings: SETTINGS }));
  const offer = createServer((socket) => {
    socket.on('error', () => {});
    start().then(
      ({ url, unref }) => {
        unref();
        socket.end(url);
      },
      (error) => socket.end(`error ${error.message}`),
    );
  });
  offer.listen(0, '127.0.0.1');
  await once(offer, 'listening');
  offer.unref();
  return {
    port: offer.address().port,
    async stop() {
      offer.close();
      await starting?.then(
        (server) => server.stop(),
        () => {},
      );
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
