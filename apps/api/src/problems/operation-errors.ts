import { DroverError } from '#libs/contracts';

const shown = (name: string) => {
  const text = JSON.stringify(name);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
};

/** A queue that is not looked after here, and that no live worker is known to serve. */
export class QueueNotFoundError extends DroverError {
  readonly code = 'QUEUE_NOT_FOUND';

  constructor(queue: string, known: readonly string[]) {
    super(`no queue ${shown(queue)} is looked after here: ${known.slice(0, 50).join(', ')}`);
  }
}

export class ScheduleNotFoundError extends DroverError {
  readonly code = 'SCHEDULE_NOT_FOUND';

  constructor(id: string, queue: string) {
    super(`queue ${queue} has no schedule ${shown(id)}`);
  }
}

/** A schedule of this id exists. Nothing was changed. */
export class ScheduleExistsError extends DroverError {
  readonly code = 'SCHEDULE_EXISTS';

  constructor(id: string, queue: string) {
    super(`queue ${queue} has a schedule ${shown(id)} already: replace it with PUT, or choose another id`);
  }
}

/** A schedule that workers keep for their type: what is asked for would not last. */
export class ScheduleOfTypeError extends DroverError {
  readonly code = 'SCHEDULE_OF_TYPE';

  constructor(id: string, type: string) {
    super(
      `live workers keep the schedule ${shown(id)} for their type ${shown(type)}: pause it, or disable the type, or change its code`,
    );
  }
}

/** The schedule can make no run that way. Nothing was changed. */
export class ScheduleConflictError extends DroverError {
  readonly code = 'SCHEDULE_CONFLICT';

  constructor(id: string, reason: string) {
    super(`schedule ${shown(id)}: ${reason}`);
  }
}

export class WorkerNotFoundError extends DroverError {
  readonly code = 'WORKER_NOT_FOUND';

  constructor(id: string) {
    super(`no live worker has the id ${shown(id)}`);
  }
}

/** A legacy worker, or one of an earlier version: it reads no orders. */
export class WorkerNotDrainableError extends DroverError {
  readonly code = 'WORKER_NOT_DRAINABLE';

  constructor(id: string) {
    super(
      `worker ${shown(id)} is none of Drover of this version: it reads no orders, and can only be stopped`,
    );
  }
}
