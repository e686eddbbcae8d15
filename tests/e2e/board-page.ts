import type { Locator, Page } from 'playwright-core';

/** Bull Board as a person uses it. Every step waits until the page can take it. */
export class BoardPage {
  constructor(readonly page: Page) {}

  /** A job in a list, by its id. */
  job(id: string): Locator {
    return this.page.locator('main').getByRole('link', { name: new RegExp(`^${id} `) });
  }

  /** Goes to the jobs of one state. */
  async openState(label: string): Promise<void> {
    const tab = this.page.locator('main').getByRole('link', { name: new RegExp(`^${label}( \\d+)?$`) });
    await tab.click();
    await this.page.locator('main a[aria-current=page]', { hasText: label }).waitFor();
  }

  /** Waits until a tab shows this many jobs; 0 is shown by no number. */
  async counts(label: string, count: number): Promise<void> {
    const name = count === 0 ? label : `${label} ${count}`;
    await this.page.locator('main').getByRole('link', { name, exact: true }).waitFor();
  }

  /** Opens one part of a job's details. @returns what it shows. */
  async details(part: 'Data' | 'Options' | 'Logs' | 'Error' | 'Progress'): Promise<Locator> {
    await this.page.getByRole('tab', { name: part, exact: true }).click();
    return this.page.getByRole('tabpanel', { name: part, exact: true });
  }

  /** Chooses from the queue's menu. */
  async menu(item: string): Promise<void> {
    await this.page.locator('main button[aria-haspopup=menu]').first().click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  /** Presses a button of a job on its own page; the buttons are known by their tooltips only. */
  async press(tooltip: string): Promise<void> {
    const triggers = this.page.locator('main [data-base-ui-tooltip-trigger]');
    await triggers.first().waitFor();
    for (const trigger of await triggers.all()) {
      await trigger.hover();
      await trigger.and(this.page.locator('[data-popup-open]')).waitFor();
      const shown = this.page.locator('[data-base-ui-portal] [data-open]:not([role])').last();
      if ((await shown.innerText()).trim() === tooltip) return trigger.locator('button').click();
    }
    throw new Error(`no button says ${tooltip}`);
  }

  /** Answers the question whether it is really meant. */
  async confirm(): Promise<void> {
    await this.page.getByRole('alertdialog').getByRole('button', { name: 'Confirm' }).click();
  }

  /** Fills in the form of a new job, without sending it. */
  async fillNewJob(name: string, data: object, options: object = {}): Promise<Locator> {
    await this.menu('Add job');
    const dialog = this.page.getByRole('dialog', { name: 'Add job' });
    await dialog.getByLabel('Job name').fill(name);
    const editors = dialog.locator('.cm-content');
    await editors.nth(0).fill(JSON.stringify(data));
    await editors.nth(1).fill(JSON.stringify(options));
    return dialog;
  }
}
