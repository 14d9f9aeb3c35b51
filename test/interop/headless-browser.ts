import { TestBrowser, type TestPage } from '../../src/testing/test-browser.ts';

export interface Person {
  readonly username: string;
  readonly password: string;
}

/** A person with a browser: signs in where asked and allows what is asked for. */
export class HeadlessBrowser {
  readonly #browser: TestBrowser;
  readonly #person: Person;
  /** The pages that were filled in, by path. */
  readonly visited: string[] = [];

  constructor(origin: string, person: Person) {
    this.#browser = new TestBrowser((request) => fetch(request, { redirect: 'manual' }), origin);
    this.#person = person;
  }

  /**
   * Goes through sign-in and consent as far as there are any.
   * @returns the address at the client that the browser is sent to
   * @throws Error where it ends on a page that it cannot fill in
   */
  async authorize(authorizationUrl: URL): Promise<URL> {
    let arrived = await this.#browser.visit(authorizationUrl);
    for (const fields of [this.#person, { decision: 'allow' }]) {
      if (!(arrived instanceof URL) && hasFields(arrived, Object.keys(fields))) {
        this.visited.push(arrived.url.pathname);
        arrived = await this.#browser.submit({ ...fields });
      }
    }
    if (arrived instanceof URL) return arrived;
    throw new Error(`the browser stayed on ${arrived.url} (${arrived.status}): ${arrived.html}`);
  }
}

function hasFields({ html }: TestPage, names: readonly string[]): boolean {
  return names.every((name) => html.includes(`name="${name}"`));
}
