import { Transform } from 'node:stream';
import { BytesReplacer } from './bytes-replacer.js';

/** A secret as it was sent, in each of the forms it may come back in. */
interface Known {
  readonly form: string;
  readonly shown: string;
}

/** Blacks out the secrets of one request wherever they come back: bodies, headers, addresses, messages. */
export class Redactor {
  private readonly known: Known[] = [];

  /** @param sent further texts that stand for the secret, such as what Basic authentication makes of it. */
  add(name: string, value: string, ...sent: string[]): void {
    const shown = `[secret ${name}]`;
    const forms = [value, ...sent].flatMap((text) => [
      text,
      encodeURIComponent(text),
      JSON.stringify(text).slice(1, -1),
      Buffer.from(text, 'latin1').toString('base64'),
    ]);
    for (const form of new Set(forms)) this.known.push({ form, shown });
    // A longer one may have a shorter one in it.
    this.known.sort((a, b) => b.form.length - a.form.length);
  }

  text(text: string): string {
    return this.known.reduce((clean, { form, shown }) => clean.replaceAll(form, shown), text);
  }

  /** JSON with its strings and the names in it blacked out. */
  json(value: unknown): unknown {
    if (this.known.length === 0) return value;
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.json(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.text(name), this.json(item)]),
    );
  }

  /** Blacks out bytes on their way; none where there is nothing to hide. */
  streams(): Transform[] {
    if (this.known.length === 0) return [];
    const replacer = new BytesReplacer(
      this.known.map(({ form, shown }) => ({ find: Buffer.from(form), put: Buffer.from(shown) })),
    );
    return [
      new Transform({
        transform: (chunk: Buffer, _, done) => done(null, replacer.push(chunk)),
        flush: (done) => done(null, replacer.end()),
      }),
    ];
  }
}
