import { z } from 'zod';

/** Answer of `GET /api/jobs/:id/result`. */
export const jobResultSchema = z
  .object({
    id: z.string().meta({ example: 'order-1042' }),
    result: z.unknown().meta({ description: 'What the handler returned.', example: { sent: true } }),
  })
  .meta({ id: 'JobResult' });

export type JobResult = z.output<typeof jobResultSchema>;

/** Answer of `GET /api/jobs/:id/artifacts`. */
export const jobArtifactsSchema = z
  .object({
    items: z.array(
      z.object({
        name: z.string().meta({ example: 'report.pdf' }),
        size: z.number().int().min(0).meta({ description: 'Bytes.', example: 18_204 }),
        contentType: z.string().meta({ example: 'application/pdf' }),
        createdAt: z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' }),
        url: z
          .string()
          .meta({ description: 'Where to get it.', example: '/api/jobs/order-1042/artifacts/report.pdf' }),
      }),
    ),
  })
  .meta({ id: 'JobArtifacts' });

export type JobArtifacts = z.output<typeof jobArtifactsSchema>;
