import { DroverError } from '#libs/contracts';
import { PermanentJobError } from '../../../framework/index.js';

/** There is no Chromium on this machine, or not where `BROWSER_PATH` says. */
export class BrowserMissingError extends DroverError {
  readonly code = 'BROWSER_MISSING';

  constructor(configured: string | undefined) {
    super(
      configured
        ? `BROWSER_PATH is ${configured}, which is no program that can be run`
        : 'no Chromium or Chrome was found: install one (Debian: apt-get install chromium) or set BROWSER_PATH',
    );
  }
}

/** The browser did not start. */
export class BrowserLaunchError extends DroverError {
  readonly code = 'BROWSER_LAUNCH_FAILED';

  constructor(reason: string) {
    super(`the browser did not start: ${reason}`);
  }
}

/** The browser, or the page of a job, ended by itself or with others. Trying again may help. */
export class BrowserCrashedError extends DroverError {
  readonly code = 'BROWSER_CRASHED';
}

/** A job's page, or the browser of this job alone, was killed for the memory it had. Fails the job for good. */
export class BrowserMemoryError extends PermanentJobError {
  override readonly code = 'BROWSER_MEMORY';

  constructor(what: string, limitMb: number, setting: string) {
    super(`${what} was killed: it had more than the ${limitMb} MB of memory that ${setting} allows`);
  }
}

/** A page was sent to a host that may not be reached. Fails the job for good. */
export class HostRefusedError extends PermanentJobError {
  override readonly code = 'BROWSER_HOST_REFUSED';

  constructor(
    readonly host: string,
    reason: string,
  ) {
    super(`${host} may not be reached: ${reason}`);
  }
}

/** A folder for profiles cannot be used safely. */
export class BrowserFolderError extends DroverError {
  readonly code = 'BROWSER_FOLDER';

  constructor(folder: string, problem: string) {
    super(`BROWSER_TEMP_DIR ${folder} ${problem}`);
  }
}
