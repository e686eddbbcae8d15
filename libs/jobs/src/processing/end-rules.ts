import { TYPE_DEFAULTS } from '#libs/contracts';
import type { EndRules } from '#libs/queue';
import type { HandlerRegistry } from '../framework/index.js';

/**
 * What the store is to do when jobs of a type end: the type's settings say it. Of types that nobody here knows it is what live workers
 * say; where none has them, their jobs are dead letters as others are, but not counted: their names are whatever producers write.
 */
export function endRules(registry: HandlerRegistry): (type: string) => EndRules {
  return (type) => {
    const settings = registry.find(type)?.settings;
    const { retention, deadLetters } = settings ?? TYPE_DEFAULTS;
    return {
      counted: settings !== undefined,
      published: settings === undefined,
      completedMs: retention.completed,
      failedMs: retention.failed,
      deadMs: deadLetters ? retention.dead : null,
    };
  };
}
