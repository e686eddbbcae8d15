/**
 * Base of every error Drover raises on purpose.
 *
 * `code` is stable and may be matched by callers (texts may be reworded); it is also the `code`
 * of the problem document when the error leaves through REST.
 */
export abstract class DroverError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One or more settings are wrong. `problems` has one line for each, naming the setting. */
export class InvalidSettingsError extends DroverError {
  readonly code = 'INVALID_SETTINGS';

  constructor(readonly problems: readonly string[]) {
    super(`invalid settings: ${problems.join('; ')}`);
  }
}
