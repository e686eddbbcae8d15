import { duration } from '#libs/contracts';
import { z } from 'zod';

const MINUTE = 60_000;

/** A Playwright selector: CSS, `text=...`, `role=button[name="Save"]`, XPath, or several joined by `>>`. */
const selector = z.string().min(1).max(2000);
const timeout = duration(1, 10 * MINUTE)
  .optional()
  .describe('Longest time for this step. Default: the stepTimeout of the payload.');
const text = z.string().max(20_000);

/** Name of a field of the result or of an artifact: nothing that objects or files treat in a special way. */
const fieldName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be letters, digits and _, starting with a letter, at most 64')
  .refine((name) => name !== 'constructor', 'must not be "constructor"');

/** Only the web: no files of the worker, no inner pages of the browser. */
const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .max(8192)
  .refine((url) => {
    const { username, password } = new URL(url);
    return username === '' && password === '';
  }, 'must not hold a user name or password');

const goto = z.strictObject({
  kind: z.literal('goto'),
  url: webAddress,
  waitUntil: z.enum(['commit', 'domcontentloaded', 'load', 'networkidle']).default('load'),
  /** True: an answer of 400 or above is as good as any. */
  anyStatus: z.boolean().default(false),
  timeout,
});

const click = z.strictObject({
  kind: z.literal('click'),
  selector,
  button: z.enum(['left', 'right', 'middle']).default('left'),
  count: z.number().int().min(1).max(3).default(1),
  timeout,
});

const fill = z.strictObject({ kind: z.literal('fill'), selector, value: text, timeout });

const select = z.strictObject({
  kind: z.literal('select'),
  selector,
  /** Values or labels of the options to choose. */
  values: z.array(text).min(1).max(100),
  timeout,
});

const press = z.strictObject({
  kind: z.literal('press'),
  /** Element to press it in. Default: where the focus is. */
  selector: selector.optional(),
  /** As Playwright names keys: `Enter`, `Control+A`, `ArrowDown`. */
  key: z.string().min(1).max(100),
  timeout,
});

const wait = z
  .strictObject({
    kind: z.literal('wait'),
    selector: selector.optional(),
    /** What the element of `selector` is to become. */
    state: z.enum(['attached', 'detached', 'visible', 'hidden']).default('visible'),
    /** Text that is to be visible anywhere on the page. */
    text: text.min(1).optional(),
    /** Address the page is to have; `*` and `**` stand for parts of it. */
    url: z.string().min(1).max(8192).optional(),
    loadState: z.enum(['domcontentloaded', 'load', 'networkidle']).optional(),
    timeout,
  })
  .refine((step) => countOf([step.selector, step.text, step.url, step.loadState]) === 1, {
    error: 'must have exactly one of selector, text, url and loadState',
  });

const assertion = z
  .strictObject({
    kind: z.literal('assert'),
    /** Element that is looked at. Default: the page's body, for `text`. */
    selector: selector.optional(),
    text: text.optional(),
    visible: z.boolean().optional(),
    /** Number of elements that `selector` finds. */
    count: z.number().int().min(0).max(1_000_000).optional(),
    url: z.string().min(1).max(8192).optional(),
    title: text.optional(),
    /** How text, url and title are compared. */
    match: z.enum(['contains', 'equals']).default('contains'),
    timeout,
  })
  .refine((step) => countOf([step.text, step.visible, step.count, step.url, step.title]) > 0, {
    error: 'must have at least one of text, visible, count, url and title',
  })
  .refine((step) => step.selector !== undefined || (step.visible === undefined && step.count === undefined), {
    error: 'must have a selector for visible or count',
  });

const extract = z
  .strictObject({
    kind: z.literal('extract'),
    /** Field of the result's `data`. */
    as: fieldName,
    selector,
    /** What is taken: the visible text, an attribute, or the value of a form's field. */
    what: z.enum(['text', 'attribute', 'value']).default('text'),
    attribute: z.string().min(1).max(200).optional(),
    /** True: a list with one entry for each element, also none. False: exactly one element must be there. */
    many: z.boolean().default(false),
    timeout,
  })
  .refine((step) => (step.what === 'attribute') === (step.attribute !== undefined), {
    error: 'must have attribute, and only then, for what: "attribute"',
  });

const screenshot = z.strictObject({
  kind: z.literal('screenshot'),
  /** Name of the artifact, without its ending. Default: `screenshot-<number of the step>`. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 letters, digits, _ or -')
    .refine((name) => name !== 'failure', 'must not be "failure", which is kept for the picture of a failure')
    .optional(),
  /** Element to take. Default: what is visible of the page. */
  selector: selector.optional(),
  /** The whole page, not only what is visible. */
  fullPage: z.boolean().default(false),
  timeout,
});

/** One thing to do in the browser. */
export const stepSchema = z.discriminatedUnion('kind', [
  goto,
  click,
  fill,
  select,
  press,
  wait,
  assertion,
  extract,
  screenshot,
]);

export type Step = z.output<typeof stepSchema>;
export type StepKind = Step['kind'];
export type StepOf<Kind extends StepKind> = Extract<Step, { kind: Kind }>;

const countOf = (values: readonly unknown[]): number => values.filter((value) => value !== undefined).length;
