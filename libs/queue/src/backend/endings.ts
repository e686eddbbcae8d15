/** Jobs whose failed run is remembered, should its report have to be repeated. */
const REMEMBERED = 1000;

/** What a worker asks of the store for the jobs of one type when they end. */
export interface EndRules {
  /** Whether runs are counted under the type. */
  counted: boolean;
}

/** What a report says beyond what BullMQ asks for. */
export interface Ending {
  /** Type under which the run is counted. */
  counts?: string | undefined;
}

/**
 * What becomes of the jobs of a worker when they end. Nothing but what BullMQ asks for, until {@link follow} is called.
 */
export class Endings {
  private rulesOf: ((type: string) => EndRules) | undefined;
  private readonly failing = new Map<string, string>();

  /** From now on these rules hold for the jobs that this worker ends, by their type. */
  follow(rulesOf: (type: string) => EndRules): void {
    this.rulesOf = rulesOf;
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
  of(type: string | undefined): Ending | undefined {
    if (!this.rulesOf || type === undefined) return undefined;
    return { counts: this.rulesOf(type).counted ? type : undefined };
  }
}
