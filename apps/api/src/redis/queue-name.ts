/** Which queues this process serves. */
export abstract class QueueName {
  abstract readonly prefix: string;
  /** The one that REST is about where a request names none. */
  abstract readonly name: string;
  /** All that are looked after and shown on Bull Board, that one first: `MORE_QUEUES`, and those of `QUEUE_ROUTES`. */
  abstract readonly all: readonly string[];
}
