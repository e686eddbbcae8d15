import { readFileSync, writeFileSync } from 'node:fs';
import { appRoutes } from '@bull-board/api/dist/routes.js';
import type { Role } from '#libs/contracts';
// The system under test: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import { routesOf } from '../../apps/api/src/access/doors/route-table.js';
import { bearer } from '../support/access.js';
import { TestApi } from './api-client.js';

const BOARD = '/admin/queues';
const DOCS = '/api/docs';
const TABLE_FILE = 'docs/access.md';
const TABLE = /(<!-- routes:begin[^>]*-->\n)[^]*?(<!-- routes:end -->)/;

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
}

interface Door {
  method: string;
  path: string;
  role: Role | 'public';
  forOwnJobs: boolean;
}

let api: TestApi;
const keys = {} as Record<Role | 'limited', string>;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
  for (const role of ['viewer', 'operator', 'admin'] as const) keys[role] = await createKey(role, role);
  keys.limited = await createKey('limited', 'operator', true);
});
afterAll(() => api.close());

async function createKey(name: string, role: Role, ownJobsOnly = false): Promise<string> {
  const { status, body } = await api.post('/api/keys', { name: `key-${name}`, role, ownJobsOnly });
  expect(status).toBe(201);
  return body.key as string;
}

/** Every method and path that the router has something registered for, and those that Bull Board serves. */
function registered(): { method: string; path: string }[] {
  const { router } = api.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  const board = [appRoutes.entryPoint, ...appRoutes.api];
  return [
    ...router.stack.flatMap(({ route }) => (route ? combine(Object.keys(route.methods), route.path) : [])),
    ...board.flatMap(({ method, route }) => combine(method, route, BOARD)),
  ];
}

const combine = (methods: string | readonly string[], paths: string | readonly string[], base = '') =>
  [paths]
    .flat()
    .flatMap((path) =>
      [methods]
        .flat()
        .map((method) => ({ method: method.toUpperCase(), path: `${base}${path}`.replace(/(.)\/$/, '$1') })),
    );

/** What each of them needs: controllers say it of their routes, pages are for who looks. */
function doors(): Door[] {
  const said = new Map(
    routesOf(api.app, '/api').map(({ method, path, access }) => [`${method} ${path}`, access!]),
  );
  const all = registered().map(({ method, path }): Door => {
    if (path.startsWith(BOARD))
      return { method, path, role: method === 'GET' ? 'viewer' : 'operator', forOwnJobs: false };
    if (path.startsWith(DOCS)) return { method, path, role: 'viewer', forOwnJobs: true };
    const { role, forOwnJobs } = said.get(`${method} ${path}`) ?? { role: 'admin', forOwnJobs: false };
    expect([`${method} ${path}`, said.has(`${method} ${path}`)]).toEqual([`${method} ${path}`, true]);
    return { method, path, role, forOwnJobs };
  });
  const files = [`${BOARD}/static/favicon.ico`, `${DOCS}/swagger-ui.css`, '/api/nothing', '/nothing'];
  return [
    ...all,
    ...files.map((path): Door => ({
      method: 'GET',
      path,
      role: 'viewer',
      forOwnJobs: !path.startsWith(BOARD),
    })),
  ];
}

/** @returns `401`, `403` or `in`. */
async function outcome({ method, path }: Door, key?: string): Promise<number | 'in'> {
  const asked = path.replaceAll(/:\w+/g, (name) => (name === ':queueName' ? 'jobs' : 'x1'));
  const headers = key === undefined ? { Authorization: 'none' } : bearer(key);
  const { status, body } = await api.send(asked, { method, headers });
  if (status !== 401 && status !== 403) return 'in';
  expect(body).toMatchObject({ code: status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN' });
  return status;
}

const named = (list: Door[], results: (number | 'in')[]) =>
  list.map(({ method, path }, at) => `${method} ${path}: ${String(results[at])}`);

/** Asks all of them, one after the other: some take everybody's queue away. */
async function ask(list: Door[], key?: string): Promise<string[]> {
  const results: (number | 'in')[] = [];
  for (const door of list) results.push(await outcome(door, key));
  return named(list, results);
}

const expected = (list: Door[], of: (door: Door) => number | 'in') => named(list, list.map(of));
const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

it('finds the routes of controllers, board and documentation', () => {
  const paths = doors().map(({ method, path }) => `${method} ${path}`);
  for (const some of [
    'POST /api/jobs',
    'GET /api/docs-json',
    `PUT ${BOARD}/api/queues/:queueName/pause`,
    `GET ${BOARD}`,
  ])
    expect(paths).toContain(some);
  expect(paths.length).toBeGreaterThan(60);
});

it('every route refuses without a key, except the public ones', async () => {
  const list = doors();
  expect(await ask(list)).toEqual(expected(list, ({ role }) => (role === 'public' ? 'in' : 401)));
});

it.each(['viewer', 'operator', 'admin'] as const)(
  'every route lets %s in or refuses it, as it says',
  async (role) => {
    const list = doors();
    const allowed = (door: Door) => (door.role === 'public' || RANK[role] >= RANK[door.role] ? 'in' : 403);
    expect(await ask(list, keys[role])).toEqual(expected(list, allowed));
  },
  120_000,
);

it('every route refuses a key that is limited to its own jobs, where it does not look at whose they are', async () => {
  const list = doors();
  const allowed = ({ role, forOwnJobs }: Door) =>
    role === 'public' || (forOwnJobs && RANK.operator >= RANK[role]) ? 'in' : 403;
  expect(await ask(list, keys.limited)).toEqual(expected(list, allowed));
});

it('docs/access.md has the table of routes and roles (UPDATE_DOCS=1 writes it)', () => {
  const text = readFileSync(TABLE_FILE, 'utf8');
  const updated = text.replace(TABLE, (_all, begin: string, end: string) => `${begin}\n${table()}\n\n${end}`);
  if (process.env['UPDATE_DOCS']) writeFileSync(TABLE_FILE, updated);
  else expect(text).toBe(updated);
});

function table(): string {
  const rows = doors()
    .filter(
      ({ path }) => !path.endsWith('nothing') && !path.includes('/static/') && !path.startsWith(`${DOCS}/`),
    )
    .sort((a, b) => (a.path === b.path ? a.method.localeCompare(b.method) : a.path < b.path ? -1 : 1))
    .map(({ method, path, role, forOwnJobs }) => [`\`${method} ${path}\``, role, forOwnJobs ? 'yes' : 'no']);
  const unique = [...new Map(rows.map((row) => [row[0], row])).values()];
  return aligned([['route', 'role', 'keys limited to own jobs'], ...unique]);
}

/** As prettier writes it. */
function aligned(rows: string[][]): string {
  const widths = rows[0]!.map((_cell, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
