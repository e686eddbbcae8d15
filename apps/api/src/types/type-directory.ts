import { Injectable } from '@nestjs/common';
import { QueueService, TypeView } from '#libs/queue';

/** The job types there are, as live workers publish them; up to a second old. */
@Injectable()
export class TypeDirectory extends TypeView {
  constructor(queue: QueueService) {
    super(queue.types);
  }
}
