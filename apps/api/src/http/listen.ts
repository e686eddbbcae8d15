import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DroverError, type Settings } from '#libs/contracts';

/** The address cannot be listened on. */
export class ListenError extends DroverError {
  readonly code = 'CANNOT_LISTEN';

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const hint =
      cause.code === 'EADDRINUSE'
        ? `port ${port} on ${host} is in use: set PORT to a free one`
        : cause.message;
    super(`cannot listen: ${hint}`, { cause });
  }
}

/**
 * Listens on `HOST`:`PORT`; port 0 takes a free one.
 *
 * @returns the API's address, as a URL.
 * @throws {ListenError}
 */
export async function listen(app: NestExpressApplication, { HOST, PORT }: Settings): Promise<string> {
  await app.listen(PORT, HOST).catch((error: NodeJS.ErrnoException) => {
    throw new ListenError(HOST, PORT, error);
  });
  const { address, port, family } = app.getHttpServer().address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
