import { TYPE_DEFAULTS } from '#libs/contracts';
import type { EndRules } from '#libs/queue';
import type { HandlerRegistry } from '../framework/index.js';

/**
 * What the store is to do when jobs of a type end: the type's settings say it. Jobs of types that nobody here knows are dead letters as
 * others are, but not counted: their names are whatever producers write.
 */
export function endRules(registry: HandlerRegistry): (type: string) => EndRules {
  return (type) => {
    const settings = registry.find(type)?.settings;
    const { retention, deadLetters } = settings ?? TYPE_DEFAULTS;
    return {
      counted: settings !== undefined,
      completedMs: retention.completed,
      failedMs: retention.failed,
      deadMs: deadLetters ? retention.dead : null,
    };
  };
}
