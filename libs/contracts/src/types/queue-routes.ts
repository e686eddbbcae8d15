import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';
import { listOf } from '../read-settings.js';

/** Jobs of these types go to this queue. */
export interface QueueRoute {
  /** Name of a type, or a pattern: `*` stands for any characters, or none. */
  types: string;
  queue: string;
}

const entry = z.string().transform((text, context): QueueRoute => {
  const refuse = (problem: string) => {
    context.addIssue({ code: 'custom', message: `entry ${JSON.stringify(text)} ${problem}` });
    return z.NEVER;
  };
  // Names of types may hold an equals sign.
  const cut = text.lastIndexOf('=');
  const [types, queue] = [text.slice(0, cut).trim(), text.slice(cut + 1).trim()];
  if (cut < 0 || types === '')
    return refuse('must be <type>=<queue>, like video.encode=go-video or legacy.*=go-jobs');
  const name = queueNameSchema.safeParse(queue);
  if (!name.success) return refuse(`has a queue that cannot be used: ${name.error.issues[0]?.message}`);
  return { types, queue };
});

/** The setting `QUEUE_ROUTES`: `<type or pattern>=<queue>`, separated by commas. */
export const queueRoutesSetting = listOf(entry).superRefine((routes, context) => {
  const seen = new Set<string>();
  for (const { types, queue } of routes) {
    if (seen.has(types)) {
      context.addIssue({
        code: 'custom',
        message: `entry ${JSON.stringify(`${types}=${queue}`)} is one too many: ${types} has a queue already`,
      });
    }
    seen.add(types);
  }
});

/** Which types have a queue of their own, whatever their handlers say. */
export class QueueRoutes {
  private readonly byName: ReadonlyMap<string, string>;
  private readonly patterns: readonly { parts: readonly string[]; queue: string }[];

  constructor(readonly entries: readonly QueueRoute[] = []) {
    this.byName = new Map(entries.map(({ types, queue }) => [types, queue]));
    this.patterns = entries
      .filter(({ types }) => types.includes('*'))
      .map(({ types, queue }) => ({ parts: types.split('*'), queue }));
  }

  /** Queue of a type; `undefined` when no entry is about it. Its name beats patterns, of which the first that fits counts. */
  queueOf(type: string): string | undefined {
    return this.byName.get(type) ?? this.patterns.find(({ parts }) => fits(parts, type))?.queue;
  }

  /** Every queue that is routed to, once. */
  get queues(): string[] {
    return [...new Set(this.entries.map(({ queue }) => queue))];
  }
}

/** Whether a text is these parts in order with anything between them. No regular expression: names come from callers. */
function fits(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
