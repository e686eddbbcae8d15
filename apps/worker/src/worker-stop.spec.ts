// What a worker that stops leaves behind when parts of a plugin do not answer.
import { Injectable, Module } from '@nestjs/common';
import { JobHandler } from '#libs/jobs';
import { waitFor } from '../../../tests/support/wait.js';
import { WorkerStand } from './worker.testkit.js';

/** A service that is asked whether it is ready, and never says so. */
@Injectable()
class Deaf {
  asked = 0;

  isReady(): Promise<boolean> {
    this.asked++;
    return new Promise(() => undefined);
  }
}

@JobHandler({ type: 'test.deaf', requires: { services: [Deaf] } })
class NeedsDeaf {
  run() {}
}

@Injectable()
class Letters {
  begun = 0;
  readonly told: string[] = [];
  deliver: () => void = () => undefined;
}

@JobHandler({ type: 'test.lost', attempts: 1 })
class Lost {
  constructor(private readonly letters: Letters) {}

  run() {
    throw new Error('lost');
  }

  async onDeadLetter({ job }: { job: { id: string } }) {
    this.letters.begun++;
    await new Promise<void>((resolve) => (this.letters.deliver = resolve));
    this.letters.told.push(job.id);
  }
}

@Module({ providers: [Deaf, NeedsDeaf, Letters, Lost] })
class StubbornPlugin {}

describe('a worker that stops', () => {
  const stand = new WorkerStand();
  afterAll(() => stand.close());

  it('hands back a job whose required service does not answer', async () => {
    const worker = await stand.start([StubbornPlugin]);
    const id = await stand.add('test.deaf');
    await waitFor(() => worker.get(Deaf, { strict: false }).asked > 0);
    await stand.stop(worker);
    expect(await stand.queue.jobs.get(id)).toMatchObject({ state: 'prioritized', attempts: { made: 0 } });
  });

  it('waits for a handler that is being told of a dead letter', async () => {
    const worker = await stand.start([StubbornPlugin]);
    const letters = worker.get(Letters, { strict: false });
    const id = await stand.add('test.lost');
    await waitFor(() => letters.begun === 1);
    const stopped = stand.stop(worker).then(() => [...letters.told]);
    // Longer than a stop takes that waits for nobody.
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 1000))]);
    letters.deliver();
    expect(await stopped).toEqual([id]);
  });
});
