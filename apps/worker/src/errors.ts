import { DroverError } from '#libs/contracts';

/** The health page cannot listen where it is told to. */
export class PortTakenError extends DroverError {
  readonly code = 'PORT_TAKEN';

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${cause.message})`;
    super(`port ${port} on ${host} ${why}: set WORKER_PORT or HOST`, { cause });
  }
}
