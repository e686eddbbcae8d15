/** Which queues this process serves. */
export abstract class QueueName {
  abstract readonly prefix: string;
  /** The one that REST is about. */
  abstract readonly name: string;
  /** All that are looked after and shown on Bull Board, that one first. */
  abstract readonly all: readonly string[];
}
