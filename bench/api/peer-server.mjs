// A small API as many write it: Express, zod, BullMQ's Queue on its own store.
import express from 'express';
import { Queue } from 'bullmq';
import { z } from 'zod';

const body = z.strictObject({ type: z.string().min(1).max(200), payload: z.unknown() });
const queue = new Queue('jobs', { connection: { url: process.env.REDIS_URL } });
const app = express()
  .disable('x-powered-by')
  .disable('etag')
  .use(express.json({ limit: '1mb' }));

app.post('/jobs', async (request, response) => {
  const parsed = body.safeParse(request.body);
  if (!parsed.success) return response.status(400).json({ errors: parsed.error.issues });
  const job = await queue.add(parsed.data.type, parsed.data.payload);
  return response
    .status(201)
    .json({ id: job.id, type: job.name, payload: job.data, createdAt: job.timestamp });
});

app.get('/jobs/:id', async (request, response) => {
  const job = await queue.getJob(request.params.id);
  if (!job) return response.status(404).json({ error: 'no such job' });
  const status = await job.getState();
  const { id, name: type, data: payload, returnvalue: result, timestamp: createdAt, finishedOn } = job;
  return response.json({ id, type, payload, status, result, createdAt, finishedAt: finishedOn });
});

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
