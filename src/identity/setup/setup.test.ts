import { describe, expect, it } from 'vitest';
import { type IdentityHarness, onPage, openIdentity, origin } from '../../../test/support/identity.ts';
import { hashSecret } from '../../core/hash.ts';

const day = 86_400_000;
const password = 'violet kettle under nine bridges';
const filled = {
  username: 'root',
  display_name: 'The Root',
  email: 'root@example.com',
  password,
  password_again: password,
};

async function linkOf({ portcullis }: IdentityHarness): Promise<string> {
  const url = await portcullis.setupUrl();
  if (url === undefined) throw new Error('no link was made');
  return url;
}

describe('the set-up link', () => {
  it('makes the first administrator and signs them in', async () => {
    const harness = await openIdentity();
    const browser = harness.browser();
    const page = onPage(await browser.visit(await linkOf(harness)));
    expect(page.status).toBe(200);
    const account = onPage(await browser.submit(filled));
    expect(account.url.href).toBe(`${origin}/account`);
    expect(account.html).toContain('The Root');
    const [user] = await harness.services.users.list();
    expect(user).toMatchObject({ userName: 'root', role: 'admin', email: 'root@example.com', displayName: 'The Root' });
    expect(await harness.portcullis.setupUrl()).toBeUndefined();
  });

  it('is stored only as a hash', async () => {
    const harness = await openIdentity();
    const token = new URL(await linkOf(harness)).searchParams.get('token') ?? '';
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await harness.services.database.read('SELECT token_hash FROM setup_links')).toEqual([
      { token_hash: hashSecret(token) },
    ]);
    expect(JSON.stringify(harness.events)).not.toContain(token);
  });

  it('works once, and of any number of parallel uses one wins', async () => {
    const harness = await openIdentity();
    const { services } = harness;
    const token = new URL(await linkOf(harness)).searchParams.get('token') ?? '';
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        services.setupLinks.createAdministrator(token, { userName: `root-${n}`, passwordHash: 'hash' }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'used')).toHaveLength(19);
    expect(await services.users.list()).toHaveLength(1);
    const again = onPage(await harness.browser().visit(`${origin}/setup?token=${token}`));
    expect(again.status).toBe(410);
    expect(again.html).toContain('Already set up');
  });

  it('works for a day, and a newer link replaces it', async () => {
    const harness = await openIdentity();
    const first = await linkOf(harness);
    harness.clock.advance(day);
    expect(onPage(await harness.browser().visit(first)).html).toContain('no longer valid');
    const second = await linkOf(harness);
    const third = await linkOf(harness);
    expect(onPage(await harness.browser().visit(second)).status).toBe(404);
    expect(onPage(await harness.browser().visit(third)).status).toBe(200);
  });

  it('opened but overtaken by an administrator made on the command line does nothing', async () => {
    const harness = await openIdentity();
    const browser = harness.browser();
    await browser.visit(await linkOf(harness));
    await harness.addUser('admin', 'admin');
    const page = onPage(await browser.submit(filled));
    expect(page.html).toContain('Already set up');
    expect(await harness.services.users.list()).toHaveLength(1);
  });

  it('a made-up, empty or missing token is no link', async () => {
    const { browser } = await openIdentity();
    for (const query of ['', '?token=', '?token=x', `?token=${'A'.repeat(43)}`]) {
      expect(onPage(await browser().visit(`${origin}/setup${query}`)).status).toBe(404);
    }
  });
});

describe('the set-up form', () => {
  it.each([
    [{ password: 'short', password_again: 'short' }, 'at least 12 characters'],
    [{ password: 'password1234', password_again: 'password1234' }, 'guessed'],
    [{ password_again: 'another one' }, 'The two passwords differ.'],
    [{ username: 'two words' }, 'A user name has'],
    [{ username: undefined }, 'A user name has'],
    [{ email: 'nobody' }, 'not an e-mail address'],
    [{ username: 'violet' }, 'contain your user name'],
  ])('with %j is shown again with the reason, what was typed, and a link that still works', async (change, reason) => {
    const harness = await openIdentity();
    const browser = harness.browser();
    await browser.visit(await linkOf(harness));
    const page = onPage(await browser.submit({ ...filled, ...change }));
    expect(page.status).toBe(400);
    expect(page.html).toContain(reason);
    expect(page.html).toContain('value="The Root"');
    expect(page.html).not.toContain(password);
    expect(onPage(await browser.submit(filled)).url.pathname).toBe('/account');
  });

  it('a name that is taken leaves the link good', async () => {
    const harness = await openIdentity();
    await harness.addUser('root');
    const browser = harness.browser();
    await browser.visit(await linkOf(harness));
    const page = onPage(await browser.submit(filled));
    expect(page.html).toContain('This user name is taken.');
    expect(onPage(await browser.submit({ ...filled, username: 'root2' })).url.pathname).toBe('/account');
  });

  it('without a good link nothing is hashed', async () => {
    const harness = await openIdentity();
    const browser = harness.browser();
    await browser.visit(await linkOf(harness));
    harness.services.passwords.hash = () => Promise.reject(new Error('hashed'));
    const page = onPage(await browser.submit({ ...filled, token: 'x' }));
    expect(page.status).toBe(404);
  });

  it('posted without this browser’s token is refused', async () => {
    const harness = await openIdentity();
    const browser = harness.browser();
    await browser.visit(await linkOf(harness));
    expect(onPage(await browser.submit({ ...filled, csrf_token: 'x' })).status).toBe(403);
    expect(await harness.services.users.list()).toEqual([]);
  });
});
