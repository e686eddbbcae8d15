import { z } from 'zod';
import { payload } from './job-fields.js';

export const JOB_ACTIONS = ['retry', 'remove', 'promote', 'cancel', 'replay'] as const;

export type JobAction = (typeof JOB_ACTIONS)[number];

/** Body of `POST /api/jobs/:id/action`. */
export const jobActionSchema = z
  .strictObject({
    action: z.enum(JOB_ACTIONS).meta({
      description:
        '`retry` runs a finished job again; `remove` deletes one that is not running; `promote` makes a delayed job ready now; ' +
        '`cancel` ends one that is not finished; `replay` adds a copy of a finished job, with an id of its own.',
      example: 'retry',
    }),
    payload: payload
      .optional()
      .meta({ description: 'Only with `retry`: what the handler gets instead of what it got before.' }),
  })
  .refine(({ action, payload: given }) => given === undefined || action === 'retry', {
    path: ['payload'],
    message: 'can be given with the action retry only',
  })
  .meta({ id: 'JobActionRequest' });

export type JobActionRequest = z.output<typeof jobActionSchema>;

/** Answer to the action `remove`; the other actions answer with the job (`replay` with the new one). */
export const removedJobSchema = z
  .object({ id: z.string().meta({ example: 'order-1042' }), removed: z.literal(true) })
  .meta({ id: 'RemovedJob' });

export type RemovedJob = z.output<typeof removedJobSchema>;
