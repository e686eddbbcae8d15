import { ApiParam } from '@nestjs/swagger';

/** Documents the path parameter of a queue. */
export const QueueParam = () =>
  ApiParam({ name: 'queue', description: 'Name of the queue.', example: 'jobs', type: String });
