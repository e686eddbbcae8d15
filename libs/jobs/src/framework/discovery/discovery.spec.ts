import { Injectable, Module, Scope, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ExamplePlugin } from '../../plugins/example/example.plugin.js';
import { JobHandler } from '../handler/job-handler.js';
import { JobsModule, RUNNER_PORTS } from '../jobs.module.js';
import { HandlerRegistry } from './registry.js';

@Module({
  providers: [
    {
      provide: RUNNER_PORTS,
      useValue: { firstSeen: async () => Date.now(), forget: async () => undefined },
    },
  ],
  exports: [RUNNER_PORTS],
})
class UnhandledModule {}

@Injectable()
class Greeting {
  readonly text = 'hello';
}

@JobHandler({ type: 'greet', description: 'Greets.', timeout: 1000 })
class Greeter {
  constructor(private readonly greeting: Greeting) {}
  run() {
    return this.greeting.text;
  }
}

@JobHandler({ type: 'greet' })
class OtherGreeter {
  run() {
    return 'hi';
  }
}

async function registryOf(...modules: Type[]): Promise<HandlerRegistry> {
  const app = await Test.createTestingModule({
    imports: [JobsModule.forRoot({ imports: [UnhandledModule] }), ...modules],
  }).compile();
  await app.init();
  return app.get(HandlerRegistry);
}

function moduleWith(...providers: Parameters<typeof Module>[0]['providers'] & object): Type {
  @Module({ providers })
  class Plugin {}
  return Plugin;
}

describe('discovery', () => {
  it('finds a decorated provider, with its options and what it injects', async () => {
    const registry = await registryOf(moduleWith(Greeting, Greeter));
    expect(registry.find('greet')).toMatchObject({
      description: 'Greets.',
      settings: { timeout: 1000, attempts: 3 },
    });
    expect(await registry.find('greet')?.handler.run(undefined, undefined as never)).toBe('hello');
  });

  it('finds the example jobs when their plugin is imported', async () => {
    const registry = await registryOf(ExamplePlugin);
    expect(registry.types()).toEqual(['example.echo', 'example.fail', 'example.sleep']);
  });

  it('ignores providers that are no handlers, and an undecorated subclass of one', async () => {
    class Undecorated extends OtherGreeter {}
    const registry = await registryOf(moduleWith(Greeting, Undecorated));
    expect(registry.types()).toEqual([]);
  });

  it('takes an alias of a handler for the same handler', async () => {
    const registry = await registryOf(
      moduleWith(OtherGreeter, { provide: 'alias', useExisting: OtherGreeter }),
    );
    expect(registry.types()).toEqual(['greet']);
  });
});

describe('the start is refused, with what to change, for', () => {
  it('two handlers of one type', async () => {
    await expect(registryOf(moduleWith(Greeting, Greeter, OtherGreeter))).rejects.toThrow(
      'job type "greet" has two handlers, Greeter and OtherGreeter: give one of them another type',
    );
  });

  it('one handler that is a provider of two modules', async () => {
    await expect(registryOf(moduleWith(OtherGreeter), moduleWith(OtherGreeter))).rejects.toThrow(
      'OtherGreeter, the handler of job type "greet", is a provider more than once: list it in one module only',
    );
  });

  it('a handler that another copy of the library decorated', async () => {
    class Elsewhere {
      run() {
        return 1;
      }
    }
    // What the decorator of a second installation does: its symbol has the same name and is another.
    Reflect.defineMetadata(Symbol('drover:job-handler'), { type: 'elsewhere' }, Elsewhere);
    await expect(registryOf(moduleWith(Elsewhere))).rejects.toThrow(
      'job handler Elsewhere is decorated by another copy of drover',
    );
  });

  it('a handler without run()', async () => {
    @JobHandler({ type: 'lazy' })
    class Lazy {}
    await expect(registryOf(moduleWith(Lazy))).rejects.toThrow(
      'job handler Lazy ("lazy") has no run() method: add run(payload, context)',
    );
  });

  it('a handler without a type', async () => {
    @JobHandler({ type: ' ' })
    class Nameless {
      run() {
        return 1;
      }
    }
    await expect(registryOf(moduleWith(Nameless))).rejects.toThrow(
      /Nameless \(" "\) has no usable type: write @JobHandler/,
    );
  });

  it('a handler whose timeout is not above zero', async () => {
    @JobHandler({ type: 'hasty', timeout: 0 })
    class Hasty {
      run() {
        return 1;
      }
    }
    await expect(registryOf(moduleWith(Hasty))).rejects.toThrow(
      /has settings that cannot be used: timeout: must be milliseconds/,
    );
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('a handler that is no singleton (scope %i)', async (scope) => {
    @JobHandler({ type: 'scoped' })
    class Scoped {
      run() {
        return 1;
      }
    }
    await expect(registryOf(moduleWith({ provide: 'scoped', useClass: Scoped, scope }))).rejects.toThrow(
      /Scoped \("scoped"\) is not a singleton: remove its scope/,
    );
  });
});
