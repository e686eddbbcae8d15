import { DroverError } from '#libs/contracts';

/** An artifact's name is no plain file name. */
export class InvalidArtifactNameError extends DroverError {
  readonly code = 'INVALID_ARTIFACT_NAME';

  constructor(name: string) {
    super(
      `artifact name ${JSON.stringify(name.slice(0, 200))} must be a file name of 1 to 200 letters, digits, spaces or ._- and not start with a dot`,
    );
  }
}

/** An artifact, or all of a job's together, would be larger than allowed. Nothing of it was kept. */
export class ArtifactTooLargeError extends DroverError {
  readonly code = 'ARTIFACT_TOO_LARGE';

  constructor(name: string, what: string, maxBytes: number) {
    super(`artifact "${name}": ${what} may have ${maxBytes} bytes`);
  }
}

/** There is no such artifact. */
export class ArtifactNotFoundError extends DroverError {
  readonly code = 'ARTIFACT_NOT_FOUND';

  constructor(jobId: string, name: string) {
    super(`job ${jobId} has no artifact "${name}"`);
  }
}

/** A job has as many artifacts as it may. */
export class TooManyArtifactsError extends DroverError {
  readonly code = 'TOO_MANY_ARTIFACTS';

  constructor(name: string, maxFiles: number) {
    super(`artifact "${name}": a job may have ${maxFiles} artifacts`);
  }
}

/** A job's artifacts were removed while this one was written. Nothing of it was kept. */
export class ArtifactRemovedError extends DroverError {
  readonly code = 'ARTIFACT_REMOVED';

  constructor(jobId: string, name: string) {
    super(`artifact "${name}" of job ${jobId} was removed while it was written`);
  }
}
