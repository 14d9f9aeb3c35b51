import type { Page } from 'playwright-core';
import { password } from '../support/notes-server.ts';

/** What a person does on the pages, by what the pages say. */
export interface Person {
  readonly page: Page;
  heading(): Promise<string>;
  /** Presses a button or follows a link, and waits for what comes. */
  press(name: string | RegExp): Promise<void>;
  fill(fields: Readonly<Record<string, string>>): Promise<void>;
  signIn(userName: string, secret?: string): Promise<void>;
  says(text: string): Promise<boolean>;
}

export function personAt(page: Page): Person {
  const person: Person = {
    page,
    heading: async () => (await page.locator('h1').textContent()) ?? '',
    async press(name) {
      await page.getByRole('button', { name }).click();
      await page.waitForLoadState();
    },
    async fill(fields) {
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
    },
    async signIn(userName, secret = password) {
      await person.fill({ 'User name': userName, Password: secret });
      await person.press('Sign in');
    },
    says: (text) => page.getByText(text).first().isVisible(),
  };
  return person;
}
