import type { Request } from 'express';

/** What Express keeps of a route that was registered; its types do not tell. */
interface Layer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

/**
 * Methods with which something is served at the path of a request, in capitals; none = the path is unknown.
 * What a router of its own serves (Bull Board) is not looked into.
 */
export function allowedMethods({ app, originalUrl }: Request): string[] {
  const path = originalUrl.split('?', 1)[0] ?? '';
  const { stack } = (app as unknown as { router: { stack: Layer[] } }).router;
  const methods = new Set<string>();
  for (const { route, match } of stack.map(asMatcher)) {
    // `_all` is middleware that asks for no method.
    if (!route || route.methods['_all'] || !match(path)) continue;
    for (const method of Object.keys(route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

function asMatcher(layer: Layer) {
  const match = (path: string) => {
    try {
      return layer.match(path);
    } catch {
      return false; // a broken percent code
    }
  };
  return { route: layer.route, match };
}
