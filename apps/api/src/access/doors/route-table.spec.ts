import { Controller, Delete, Get, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Access, PublicAccess } from '../access.decorator.js';
import { assertAccessIsSaid, publicRoutes, routesOf } from './route-table.js';

@Controller('cats')
@Access('viewer')
class Cats {
  @Get()
  list(): void {
    // Nobody calls it.
  }

  @Access('operator', { forOwnJobs: true })
  @Delete([':id', 'named/:name'])
  remove(): void {
    // Nobody calls it.
  }

  @PublicAccess()
  @Post('open')
  open(): void {
    // Nobody calls it.
  }
}

@Controller('dogs')
class Dogs {
  @Get()
  list(): void {
    // Nobody calls it.
  }
}

async function routes(...controllers: (new () => object)[]) {
  const app = (await Test.createTestingModule({ controllers }).compile()).createNestApplication();
  return routesOf(app, '/api');
}

describe('the table of routes', () => {
  it('has each with what it says, or what its controller says', async () => {
    expect(await routes(Cats)).toEqual([
      { method: 'GET', path: '/api/cats', access: { role: 'viewer', forOwnJobs: false } },
      { method: 'DELETE', path: '/api/cats/:id', access: { role: 'operator', forOwnJobs: true } },
      { method: 'DELETE', path: '/api/cats/named/:name', access: { role: 'operator', forOwnJobs: true } },
      { method: 'POST', path: '/api/cats/open', access: { role: 'public', forOwnJobs: true } },
    ]);
  });

  it('refuses a route that does not say who may call it', async () => {
    const all = await routes(Cats, Dogs);
    expect(() => assertAccessIsSaid(all)).toThrow(/do not say who may call them .*: GET \/api\/dogs$/);
    expect(() => assertAccessIsSaid(all.slice(0, 4))).not.toThrow();
  });

  it('knows a public route as the router does, and no other', async () => {
    const isPublic = publicRoutes(await routes(Cats));
    for (const path of ['/api/cats/open', '/API/Cats/Open', '/api/cats/open/'])
      expect(isPublic('POST', path)).toBe(true);
    const others = [
      '/api/cats',
      '/api/cats/open/x',
      '/api/cats/open//',
      '/api//cats/open',
      '/api/cats/op%65n',
      '/',
    ];
    for (const path of others) expect([path, isPublic('POST', path)]).toEqual([path, false]);
    expect(isPublic('GET', '/api/cats/open')).toBe(false);
  });
});
