import type { QueueLogger } from '#libs/queue';

/** Keeps what is logged. */
export class TestLog implements QueueLogger {
  readonly lines: string[] = [];

  log = (text: string) => this.add('log', text);
  warn = (text: string) => this.add('warn', text);
  error = (text: string) => this.add('error', text);

  /** Lines that match, each with its level before it. */
  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  private add(level: string, text: string): void {
    this.lines.push(`${level} ${text}`);
  }
}
