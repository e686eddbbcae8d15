/** Where the library writes its lines; Nest's `Logger` and `console` both fit. */
export interface QueueLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Every line of the service starts with this, as in the Go services. */
export const LOG_PREFIX = '[QueueService]';

export function prefixed(logger: QueueLogger): QueueLogger {
  return {
    log: (message) => logger.log(`${LOG_PREFIX} ${message}`),
    warn: (message) => logger.warn(`${LOG_PREFIX} ${message}`),
    error: (message) => logger.error(`${LOG_PREFIX} ${message}`),
  };
}

export const silentLogger: QueueLogger = {
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
