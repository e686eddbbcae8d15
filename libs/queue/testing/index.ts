import { addingConformance } from './areas/adding.js';
import { closingConformance } from './areas/closing.js';
import { deduplicationConformance } from './areas/deduplication.js';
import { delayedConformance } from './areas/delayed.js';
import { eventsConformance } from './areas/events.js';
import { flowEditsConformance } from './areas/flow-edits.js';
import { flowFailuresConformance } from './areas/flow-failures.js';
import { flowQueriesConformance } from './areas/flow-queries.js';
import { flowsConformance } from './areas/flows.js';
import { keepingConformance } from './areas/keeping.js';
import { limitsConformance } from './areas/limits.js';
import { locksConformance } from './areas/locks.js';
import { maintenanceConformance } from './areas/maintenance.js';
import { metadataConformance } from './areas/metadata.js';
import { metricsConformance } from './areas/metrics.js';
import { mutationsConformance } from './areas/mutations.js';
import { orderingConformance } from './areas/ordering.js';
import { pausingConformance } from './areas/pausing.js';
import { queriesConformance } from './areas/queries.js';
import { retryingConformance } from './areas/retrying.js';
import { runningConformance } from './areas/running.js';
import { schedulerEditsConformance } from './areas/scheduler-edits.js';
import { schedulersConformance } from './areas/schedulers.js';
import { stalledConformance } from './areas/stalled.js';
import { telemetryConformance } from './areas/telemetry.js';
import { isDefined } from './bench.js';
import type { Area, Differences, StoreUnderTest } from './store-under-test.js';

export type { Area, Differences, StoreGetter, StoreUnderTest } from './store-under-test.js';

/** Every area of the kit by name. */
export const AREAS = {
  adding: addingConformance,
  running: runningConformance,
  retrying: retryingConformance,
  mutations: mutationsConformance,
  locks: locksConformance,
  ordering: orderingConformance,
  delayed: delayedConformance,
  stalled: stalledConformance,
  keeping: keepingConformance,
  pausing: pausingConformance,
  maintenance: maintenanceConformance,
  queries: queriesConformance,
  events: eventsConformance,
  metadata: metadataConformance,
  limits: limitsConformance,
  metrics: metricsConformance,
  flows: flowsConformance,
  flowFailures: flowFailuresConformance,
  flowQueries: flowQueriesConformance,
  flowEdits: flowEditsConformance,
  deduplication: deduplicationConformance,
  schedulers: schedulersConformance,
  schedulerEdits: schedulerEditsConformance,
  closing: closingConformance,
  telemetry: telemetryConformance,
} satisfies Record<string, Area>;

export type AreaName = keyof typeof AREAS;

export interface Subject {
  /** Shown in the names of the tests. */
  name: string;
  /** Starts what the store needs, once, before the first case. */
  start(): Promise<StoreUnderTest>;
  /** Cases in which the store deliberately does something else, with reasons. Default: none. */
  differences?: Differences;
}

/**
 * Describes the whole kit, or the named areas of it, for one store. Call it at the top of a spec file.
 *
 * @throws when a difference names no case of these areas.
 */
export function conformance(subject: Subject, areas = Object.keys(AREAS) as AreaName[]): void {
  const { name, start, differences = {} } = subject;
  describe(`${name} as a store of BullMQ`, () => {
    let store: StoreUnderTest | undefined;
    const theStore = () => {
      if (!store) throw new Error(`${name} has not started`);
      return store;
    };
    beforeAll(async () => (store = await start()));
    afterAll(() => store?.dispose());
    for (const area of areas) AREAS[area](theStore, differences);
  });
  const unknown = Object.keys(differences).filter((title) => !isDefined(title));
  if (unknown.length > 0) throw new Error(`differences that name no case: ${unknown.join(', ')}`);
}
