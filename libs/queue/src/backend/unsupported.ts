import { EventEmitter } from 'node:events';
import { UnsupportedOperationError } from '../errors/index.js';

function refuse(operation: string): Promise<never> {
  return Promise.reject(new UnsupportedOperationError(operation));
}

/** The operations of BullMQ's interface that the store does not offer yet; each says so by name. */
export abstract class UnsupportedBackend extends EventEmitter {
  addJobScheduler(): Promise<never> {
    return refuse('addJobScheduler');
  }
  updateJobSchedulerNextMillis(): Promise<never> {
    return refuse('updateJobSchedulerNextMillis');
  }
  removeJobScheduler(): Promise<never> {
    return refuse('removeJobScheduler');
  }
  getJobScheduler(): Promise<never> {
    return refuse('getJobScheduler');
  }
  getJobSchedulerData(): Promise<never> {
    return refuse('getJobSchedulerData');
  }

  // What follows is true as long as there are no schedulers.

  isJobScheduler(_id: string): Promise<boolean> {
    return Promise.resolve(false);
  }
  getJobSchedulersRange(): Promise<string[]> {
    return Promise.resolve([]);
  }
  getJobSchedulersCount(): Promise<number> {
    return Promise.resolve(0);
  }
  removeDeprecatedPriorityKey(): Promise<number> {
    return Promise.resolve(0);
  }
}
