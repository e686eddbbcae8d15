import type { Attributes, Span, Telemetry } from 'bullmq';
import { cases } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

type Context = { trace: string };

interface SeenSpan {
  name: string;
  parent: string;
  ended: boolean;
  attributes: Attributes;
  events: [string, Attributes?][];
}

/** As little of a tracing library as shows whether spans and contexts are passed on. */
class Tracing implements Telemetry<Context> {
  readonly spans: SeenSpan[] = [];
  private current: Context = { trace: 'root' };

  readonly tracer = {
    startSpan: (name: string, _options?: unknown, context?: Context): Span<Context> => {
      const seen: SeenSpan = {
        name,
        parent: (context ?? this.current).trace,
        ended: false,
        attributes: {},
        events: [],
      };
      this.spans.push(seen);
      return {
        setSpanOnContext: () => ({ trace: name }),
        setAttribute: (key, value) => void (seen.attributes[key] = value),
        setAttributes: (attributes) => void Object.assign(seen.attributes, attributes),
        addEvent: (event, attributes) => void seen.events.push([event, attributes]),
        recordException: (error) => void seen.events.push([String(error)]),
        end: () => void (seen.ended = true),
      };
    },
  };

  readonly contextManager = {
    with: <A extends (...args: never[]) => unknown>(context: Context, run: A): ReturnType<A> => {
      const before = this.current;
      this.current = context;
      try {
        return run() as ReturnType<A>;
      } finally {
        this.current = before;
      }
    },
    active: () => this.current,
    getMetadata: (context: Context) => JSON.stringify(context),
    fromMetadata: (_active: Context, metadata: string) => JSON.parse(metadata) as Context,
  };

  named(part: string): SeenSpan[] {
    return this.spans.filter((span) => span.name.includes(part));
  }
}

/** Traces go from who adds a job to who runs it. */
export const telemetryConformance: Area = (store, differences) => {
  describe('telemetry', () => {
    const check = cases(store, differences);

    check('stores the context of who adds a job with it', async (bench) => {
      const telemetry = new Tracing();
      const queue = bench.queue({ telemetry });
      const { id } = await queue.add('job', {});
      const stored = await bench.queue().getJob(String(id));
      expect(stored?.opts.telemetry?.metadata).toMatch(/^\{"trace":"add /);
      expect(telemetry.named('add')[0]).toMatchObject({ ended: true });
    });

    check('runs a job in the context of who added it', async (bench) => {
      const telemetry = new Tracing();
      const { worker } = bench.worker(undefined, { telemetry });
      const completed = next(worker, 'completed');
      await bench.queue({ telemetry }).add('job', {});
      await completed;
      const [span] = telemetry.named('process');
      expect(span?.parent).toMatch(/^add /);
    });

    check('stores no context when told not to', async (bench) => {
      const queue = bench.queue({ telemetry: new Tracing() });
      const { id } = await queue.add('job', {}, { telemetry: { omitContext: true } });
      expect((await queue.getJob(String(id)))?.opts.telemetry?.metadata).toBeUndefined();
    });

    check('stores the context with each job of a bulk', async (bench) => {
      const queue = bench.queue({ telemetry: new Tracing() });
      const jobs = await queue.addBulk([1, 2].map((data) => ({ name: 'job', data })));
      for (const { id } of jobs) {
        expect((await queue.getJob(String(id)))?.opts.telemetry?.metadata).toMatch(/^\{"trace":"addBulk /);
      }
    });

    check('stores the context with each job of a flow', async (bench) => {
      const flows = bench.flows({ telemetry: new Tracing() });
      const tree = await flows.add({
        name: 'p',
        queueName: bench.name,
        opts: {},
        children: [{ name: 'c', queueName: bench.name, opts: {} }],
      });
      const queue = bench.queue();
      for (const job of [tree.job, tree.children?.[0]?.job]) {
        expect((await queue.getJob(String(job?.id)))?.opts.telemetry?.metadata).toMatch(/^\{"trace":"/);
      }
    });

    check('tells the span what became of a job', async (bench) => {
      const telemetry = new Tracing();
      const { worker } = bench.worker(
        async () => {
          throw new Error('no paint');
        },
        { telemetry },
      );
      const failed = next(worker, 'failed');
      await bench.queue().add('job', {});
      await failed;
      await worker.close();
      const [event, attributes] = telemetry.named('process')[0]?.events[0] ?? [];
      expect(event).toBe('job failed');
      expect(Object.values(attributes ?? {})).toEqual(['no paint']);
    });

    check('names job and queue on its spans', async (bench) => {
      const telemetry = new Tracing();
      const { id } = await bench.queue({ telemetry }).add('paint', {});
      const [span] = telemetry.named('add');
      expect(span?.attributes).toMatchObject({
        'bullmq.queue.name': bench.name,
        'bullmq.job.name': 'paint',
        'bullmq.job.id': id,
      });
    });
  });
};
