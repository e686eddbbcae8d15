import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Module } from '@nestjs/common';
import { JobHandler } from '../framework/index.js';
import { bundledPlugins } from '../plugins/bundled.js';
import { loadPlugins } from './load-plugins.js';
import { pluginModules } from './plugin-modules.js';

@JobHandler({ type: 'one' })
class Handler {
  run() {
    return 1;
  }
}
@Module({ providers: [Handler] })
class One {}
@Module({ imports: [One] })
class Two {}
const dynamic = { module: class Three {}, providers: [Handler] };

describe('the modules of a plugin', () => {
  it.each([
    ['the default export', { default: One, Two }, [One]],
    ['a default export that is a list', { default: [Two, dynamic] }, [Two, dynamic]],
    ['every exported module when the default is none', { default: 5, Two, One, Handler }, [Two, One]],
    ['a dynamic module', { jobs: dynamic }, [dynamic]],
    ['one that is exported twice, once', { One, Same: One }, [One]],
    ['the default of a file compiled to CommonJS', { default: { __esModule: true, default: One } }, [One]],
    ['nothing but modules', { Handler, text: 'One', nothing: null, call: () => One }, []],
  ])('are %s', (_, exported, modules) => {
    expect(pluginModules(exported)).toEqual(modules);
  });
});

describe('loading plugins', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-plugins-'));
  const packages = 'node_modules/@acme';
  // Jest compiles import() to require(), which knows no URLs: what is imported is given here, from where is not.
  const load = (exported: object) => {
    const urls: string[] = [];
    const from = async (url: string) => {
      urls.push(url);
      return exported as Record<string, unknown>;
    };
    return { urls, from };
  };

  beforeAll(() => {
    const files = {
      'mine/jobs.js': '',
      [`${packages}/jobs/package.json`]: '{"name":"@acme/jobs","exports":{"import":"./esm.js"}}',
      [`${packages}/jobs/esm.js`]: '',
      [`${packages}/shut/package.json`]: '{"name":"@acme/shut","exports":{"./other":"./other.js"}}',
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('takes paths from the directory, and packages as an import there would, each module once', async () => {
    const { urls, from } = load({ One, Two });
    expect(await loadPlugins(['./mine/jobs.js', '@acme/jobs'], directory, from)).toEqual([One, Two]);
    expect(urls).toEqual([
      expect.stringMatching(/^file:.*\/mine\/jobs\.js$/),
      expect.stringMatching(/^file:.*\/@acme\/jobs\/esm\.js$/),
    ]);
  });

  it('says where it looked for a file, and for a package, that is not there', async () => {
    await expect(loadPlugins(['./gone.js'], directory)).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      message: `DROVER_PLUGINS: plugin "./gone.js" was not found: there is no file ${join(directory, 'gone.js')}`,
    });
    await expect(loadPlugins(['mine/jobs.js'], directory)).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      message: expect.stringMatching(/no package of this name .* written as \.\/mine\/jobs\.js$/),
    });
  });

  it('says why a package cannot be imported', async () => {
    await expect(loadPlugins(['@acme/shut'], directory)).rejects.toMatchObject({
      code: 'PLUGIN_NOT_LOADED',
      message: expect.stringMatching(/^DROVER_PLUGINS: plugin "@acme\/shut" does not load: .*exports/),
    });
  });

  it('says what a plugin threw, and in which line', async () => {
    const error = Object.assign(new TypeError('boom'), {
      stack: 'TypeError: boom\n    at Object.<anonymous> (/acme/jobs.js:7:3)\n    at go (/drover/x.js:1:1)',
    });
    await expect(
      loadPlugins(['./mine/jobs.js'], directory, () => Promise.reject(error)),
    ).rejects.toMatchObject({
      code: 'PLUGIN_NOT_LOADED',
      cause: error,
      message: 'DROVER_PLUGINS: plugin "./mine/jobs.js" does not load: TypeError: boom (/acme/jobs.js:7)',
    });
  });

  it('says what a plugin without a module exports', async () => {
    await expect(loadPlugins(['./mine/jobs.js'], directory, load({ Handler }).from)).rejects.toMatchObject({
      code: 'PLUGIN_WITHOUT_MODULE',
      message: expect.stringMatching(/exports no module \(its exports: Handler\): export a class decorated/),
    });
  });
});

describe('the bundled plugins', () => {
  const all = { one: One, two: Two };

  it.each([
    [[], [One, Two]],
    [['all'], [One, Two]],
    [['none'], []],
    [['two', 'two'], [Two]],
  ])('for DROVER_BUNDLED_PLUGINS %j', (names, modules) => {
    expect(bundledPlugins(names, all)).toEqual(modules);
  });

  it('are named when one is asked for that there is not', () => {
    expect(() => bundledPlugins(['one', 'three'], all)).toThrow(
      'DROVER_BUNDLED_PLUGINS: there is no bundled plugin "three"; write all, none, or some of one, two',
    );
  });
});
