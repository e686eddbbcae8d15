import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What somebody who writes plugins outside this repository installs, besides drover. */
const INSTALLED = ['@nestjs/common', 'reflect-metadata', 'rxjs', 'zod'];

/** A folder outside the repository with drover and Nest installed: links to ours, as `npm link` makes them. */
export class PluginFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'drover-plugin-'));

  constructor() {
    this.link('drover', process.cwd());
    for (const name of INSTALLED) this.link(name, join(process.cwd(), 'node_modules', name));
    this.write('package.json', JSON.stringify({ name: 'acme', type: 'module' }));
  }

  write(name: string, text: string): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Links a package of the project to this folder. */
  link(name: string, target: string): void {
    const place = join(this.path, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(target, place);
  }

  /** Installs a package of the project a second time, for one that has its own copy. */
  copy(name: string, within: string): void {
    const options = { recursive: true, dereference: true };
    cpSync(join(process.cwd(), 'node_modules', name), join(this.path, within, 'node_modules', name), options);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
