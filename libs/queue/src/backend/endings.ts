/** Jobs whose failed run is remembered, should its report have to be repeated. */
const REMEMBERED = 1000;

/** What the store writes as the reason of a job whose lease ended too often. */
const STALLED = 'job stalled more than allowable limit';

/** What a worker asks of the store for the jobs of one type when they end. */
export interface EndRules {
  /** Whether runs are counted under the type. */
  counted: boolean;
  /** The worker does not have the type: what live workers say of it goes before all else here. Default: false. */
  published?: boolean;
  /** Milliseconds a completed job is kept; null = `JOB_TTL_SECONDS`. */
  completedMs: number | null;
  /** The same for one that failed for good and is no dead letter. */
  failedMs: number | null;
  /** Milliseconds a job that failed for good is kept as a dead letter; null = it is none. */
  deadMs: number | null;
}

/** What is known of a job's end before it is reported. */
export interface EndNote {
  /** Why it failed, for programs. Default: `ERROR`. */
  code?: string;
  /** Job whose result it was given. */
  cachedFrom?: string;
}

/** What a report says beyond what BullMQ asks for, as the script reads it. */
export interface Ending {
  /** Type of which live workers say what becomes of the job; the rest is for when none does. */
  published?: string | undefined;
  /** Type under which the run is counted. */
  counts?: string | undefined;
  /** Milliseconds for which this job is kept. */
  ttl?: number | undefined;
  /** Whether it is kept as a dead letter. */
  dead?: true | undefined;
}

/**
 * What becomes of the jobs of a worker when they end. Nothing but what BullMQ asks for, until {@link follow} is called.
 */
export class Endings {
  private rulesOf: ((type: string) => EndRules) | undefined;
  private readonly notes = new WeakMap<object, EndNote>();
  private readonly failing = new Map<string, string>();

  /** From now on these rules hold for the jobs that this worker ends, by their type. */
  follow(rulesOf: (type: string) => EndRules): void {
    this.rulesOf = rulesOf;
  }

  /** Notes how a run ended, before BullMQ reports it. `job` is the object that BullMQ handed to the processor. */
  note(job: object, note: EndNote): void {
    this.notes.set(job, note);
  }

  /**
   * Type under which a run is counted that failed and is tried again; '' = it is not.
   *
   * @param type of the job; undefined where the report is repeated, since the first did not reach Redis.
   */
  retried(id: string, type = this.failing.get(id)): string {
    if (type === undefined || !this.rulesOf?.(type).counted) return '';
    this.failing.delete(id);
    this.failing.set(id, type);
    const [oldest] = this.failing.keys();
    if (this.failing.size > REMEMBERED && oldest !== undefined) this.failing.delete(oldest);
    return type;
  }

  /** What is to be said of a job that ends for good. */
  of(type: string | undefined, target: 'completed' | 'failed'): Ending | undefined {
    if (!this.rulesOf || type === undefined) return undefined;
    const { counted, published, completedMs, failedMs, deadMs } = this.rulesOf(type);
    const known = { counts: counted ? type : undefined, published: published ? type : undefined };
    if (target === 'completed') return { ...known, ttl: completedMs ?? undefined };
    if (deadMs === null) return { ...known, ttl: failedMs ?? undefined };
    return { ...known, ttl: deadMs, dead: true };
  }

  /** Fields that a job gets with its end: why it failed, or whose result it has. */
  fieldsOf(job: object, target: 'completed' | 'failed'): Record<string, string> | undefined {
    const note = this.notes.get(job);
    if (target === 'completed') return note?.cachedFrom ? { cachedFrom: note.cachedFrom } : undefined;
    return this.rulesOf && { failedCode: note?.code ?? codeOf(job as { deferredFailure?: string }) };
  }
}

/** Why a job failed that no handler was called for, or whose handler said nothing of it. */
function codeOf({ deferredFailure }: { deferredFailure?: string }): string {
  if (!deferredFailure) return 'ERROR';
  return deferredFailure === STALLED ? 'STALLED' : 'CHILD_FAILED';
}
