/** One sample of a Prometheus text. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;
/** What a histogram or summary adds to the name that its HELP and TYPE have. */
const SUFFIX = /_(bucket|sum|count)$/;

/** Reads a text in Prometheus' form. @throws {Error} naming the line that is none, or a sample without HELP or TYPE. */
export function parsePrometheus(text: string): { samples: Sample[]; help: Map<string, string> } {
  const help = new Map<string, string>();
  const types = new Set<string>();
  const samples: Sample[] = [];
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') help.set(name, rest);
    else if (kind === 'TYPE') types.add(name);
    else samples.push(parseSample(line));
  }
  for (const { name } of samples) {
    const family = help.has(name) ? name : name.replace(SUFFIX, '');
    if (!help.has(family) || !types.has(family)) throw new Error(`${name} has no HELP or no TYPE`);
  }
  return { samples, help };
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', number = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let read = 0; read < labelText.length; read = LABEL.lastIndex) {
    const found = LABEL.exec(labelText);
    if (!found) throw new Error(`no labels: ${line}`);
    labels[found[1] as string] = (found[2] as string).replace(/\\(.)/g, (_, sign: string) =>
      sign === 'n' ? '\n' : sign,
    );
  }
  const value = Number(number.replace('+Inf', 'Infinity'));
  // Prometheus reads it in any case, and prom-client writes `Nan`.
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`no number: ${line}`);
  return { name, labels, value };
}
