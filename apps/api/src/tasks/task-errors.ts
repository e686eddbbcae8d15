import { DroverError } from '#libs/contracts';

/** There is no such task, or the caller may not see it. */
export class TaskNotFoundError extends DroverError {
  readonly code = 'TASK_NOT_FOUND';

  constructor(id: string) {
    super(`task ${id} does not exist`);
  }
}

/** Somebody has changed the task since the caller looked at it. */
export class TaskVersionError extends DroverError {
  readonly code = 'TASK_VERSION_CONFLICT';

  constructor(id: string, given: number, actual: number) {
    super(`task ${id} is at version ${actual}, not ${given}: look at it again, then change it`);
  }
}

/** The task's state does not allow the operation. */
export class TaskStateError extends DroverError {
  readonly code = 'TASK_STATE_CONFLICT';

  constructor(id: string, state: string, reason: string) {
    super(`task ${id} is ${state}: ${reason}`);
  }
}
