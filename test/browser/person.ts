import type { Page, Response } from 'playwright-core';
import { password } from '../support/notes-server.ts';

/** Somebody in front of a browser, who goes by what the pages say. */
export interface Person {
  readonly page: Page;
  /** Opens an address as if it had been typed, and tells the status of what came. */
  open(url: string): Promise<number>;
  heading(): Promise<string>;
  /** Whether the page shows a text. */
  sees(text: string): Promise<boolean>;
  fill(fields: Readonly<Record<string, string>>): Promise<void>;
  /** Presses a button and waits for the page that comes. */
  press(button: string | RegExp): Promise<Response>;
  /** Follows a link. */
  follow(link: string): Promise<Response>;
  signIn(userName: string, secret?: string): Promise<Response>;
  /** Makes the first administrator. */
  setUp(link: string | undefined, userName: string, displayName: string): Promise<void>;
}

export function personAt(page: Page): Person {
  const person: Person = {
    page,
    open: async (url) => (await page.goto(url))?.status() ?? 0,
    heading: () => page.locator('h1').innerText(),
    sees: (text) => page.getByText(text).first().isVisible(),
    async fill(fields) {
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
    },
    press: (name) => whatComes(page, () => page.getByRole('button', { name }).click()),
    follow: (name) => whatComes(page, () => page.getByRole('link', { name }).click()),
    async signIn(userName, secret = password) {
      await person.fill({ 'User name': userName, Password: secret });
      return person.press('Sign in');
    },
    async setUp(link, userName, displayName) {
      await person.open(link ?? '');
      await person.fill({ 'User name': userName, 'Your name (optional)': displayName });
      await person.fill({ Password: password, 'Password again': password });
      await person.press('Create administrator');
    },
  };
  return person;
}

/** Does something that leads to another page, and gives the answer that brought it. */
export async function whatComes(page: Page, act: () => Promise<unknown>): Promise<Response> {
  const isPage = (response: Response) =>
    response.request().isNavigationRequest() && (response.status() < 300 || response.status() > 399);
  const [answer] = await Promise.all([
    page.waitForEvent('response', isPage),
    page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame()),
    act(),
  ]);
  await page.waitForLoadState('domcontentloaded');
  return answer;
}
