import { Injectable } from '@nestjs/common';

/** Conditions that no waiting mends. The first one ends the worker, with its message and exit code 1. */
@Injectable()
export class FatalErrors {
  private message: string | undefined;
  private listener: ((message: string) => void) | undefined;

  report(message: string): void {
    if (this.message !== undefined) return;
    this.message = message;
    this.listener?.(message);
  }

  /** `listener` is told the first fatal error, also one that was reported before. */
  onFirst(listener: (message: string) => void): void {
    this.listener = listener;
    if (this.message !== undefined) listener(this.message);
  }
}
