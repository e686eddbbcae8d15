import { Injectable, type PipeTransform } from '@nestjs/common';
import { InvalidJobIdError } from '#libs/queue';

/** Longer than any that Drover makes or takes; a legacy service may have chosen a longer one than these. */
const MOST_CHARACTERS = 1000;

/** An id in a path. It may be odd, since legacy services choose as they like. @throws {InvalidJobIdError} */
@Injectable()
export class JobIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (id.length <= MOST_CHARACTERS) return id;
    throw new InvalidJobIdError(`job ID must be at most ${MOST_CHARACTERS} characters long`);
  }
}
