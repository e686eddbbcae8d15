import type { EndRules } from '#libs/queue';
import type { HandlerRegistry } from '../framework/index.js';

/**
 * What the store is to do when jobs of a type end: the type's settings say it. Types that nobody here knows are not counted: their
 * names are whatever producers write.
 */
export function endRules(registry: HandlerRegistry): (type: string) => EndRules {
  return (type) => ({ counted: registry.find(type) !== undefined });
}
