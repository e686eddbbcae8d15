/** Something the user can put right: shown as one line each, without a stack. */
export class UserError extends Error {
  constructor(...lines) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

export const say = (line) => console.log(line);
export const warn = (line) => console.error(`drover: ${line}`);

/** Shows an error the way the user needs it. */
export function report(error) {
  if (error instanceof UserError) error.lines.forEach(warn);
  else warn(error?.stack ?? String(error));
}
