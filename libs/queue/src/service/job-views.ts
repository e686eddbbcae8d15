import { TYPE_DEFAULTS, type JobView } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import type { StoredJob } from '../backend/reading.js';
import { TypeView } from '../types/live-types.js';
import { TypeCatalog } from '../types/type-catalog.js';
import { attemptsOf, toJobView } from './job-view.js';

/**
 * Stored jobs as people read them. A job that does not say how often it may be tried is shown with the attempts of its type, as live
 * workers of its queue publish it (up to a second old), else with 3, which is what a type has that does not say.
 */
export class JobViews {
  private readonly types: TypeView;

  constructor(private readonly backend: DroverBackend) {
    this.types = new TypeView(new TypeCatalog(() => backend.client(), backend.queueKeys));
  }

  async of(job: StoredJob): Promise<JobView> {
    const { defaultType } = this.backend.storeOptions;
    const view = toJobView(job, defaultType, TYPE_DEFAULTS.attempts);
    // Redis is asked for types only where a job leaves it to them.
    if (attemptsOf(job) !== undefined) return view;
    const type = await this.types.find(view.type);
    return type ? toJobView(job, defaultType, type.settings.attempts) : view;
  }

  ofMany(jobs: readonly StoredJob[]): Promise<JobView[]> {
    return Promise.all(jobs.map((job) => this.of(job)));
  }
}
