/** Which queue this process serves. */
export abstract class QueueName {
  abstract readonly prefix: string;
  abstract readonly name: string;
}
