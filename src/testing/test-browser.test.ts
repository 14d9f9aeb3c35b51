import { describe, expect, it } from 'vitest';
import { TestBrowser, type TestPage } from './test-browser.ts';

const origin = 'https://mcp.example.com';

/** A site whose pages are given by path; what was requested is kept. */
function site(pages: Readonly<Record<string, (request: Request) => Response>>) {
  const requests: { method: string; path: string; body: string; cookie: string | null }[] = [];
  const browser = new TestBrowser(async (request) => {
    const path = new URL(request.url).pathname;
    const answer = pages[path]?.(request) ?? new Response('none', { status: 404 });
    requests.push({ method: request.method, path, body: await request.text(), cookie: request.headers.get('cookie') });
    return answer;
  }, origin);
  return { browser, requests };
}

const html = (body: string) => new Response(body, { headers: { 'content-type': 'text/html' } });
const to = (location: string, status = 302) => new Response(null, { status, headers: { location } });

describe('TestBrowser', () => {
  it('follows redirects within the server and stops where they leave it', async () => {
    const { browser, requests } = site({ '/a': () => to('/b?x=1'), '/b': () => to('http://localhost:9999/cb?code=1') });
    expect(await browser.visit(`${origin}/a`)).toEqual(new URL('http://localhost:9999/cb?code=1'));
    expect(requests.map(({ path }) => path)).toEqual(['/a', '/b']);
  });

  it('returns private-use redirect URIs instead of following them', async () => {
    const { browser } = site({ '/a': () => to('com.example.app:/cb?code=1') });
    expect(String(await browser.visit(`${origin}/a`))).toBe('com.example.app:/cb?code=1');
  });

  it('keeps cookies, and drops those that the server ends', async () => {
    const set = (...cookies: string[]) => {
      const response = html('');
      for (const cookie of cookies) response.headers.append('set-cookie', cookie);
      return response;
    };
    const { browser, requests } = site({
      '/a': () => set('one=1; Path=/; HttpOnly', 'two=2=2'),
      '/b': () => set('one=; Max-Age=0'),
      '/c': () => html(''),
    });
    for (const path of ['/a', '/b', '/c']) await browser.visit(`${origin}${path}`);
    expect(requests.map(({ cookie }) => cookie)).toEqual([null, 'one=1; two=2=2', 'two=2=2']);
  });

  it('submits a form as a browser would: hidden, preset and ticked fields, the named button, no others', async () => {
    const form = `<form class="x" method="post" action="/post?to=1&amp;x=2">
      <input type="hidden" name="csrf" value="a&quot;b&#39;c&#x26;"><input name="user" value=""><input type=password name=password>
      <input type="checkbox" name="scope" value="read" checked><input type="checkbox" name="more" value="write">
      <button name="decision" value="approve">Yes</button><button name="decision" value="deny">No</button></form>`;
    const { browser, requests } = site({
      '/a': () => html(`<form action="/other"><input name="q"></form>${form}`),
      '/post': () => to('https://app.example/cb'),
    });
    await browser.visit(`${origin}/a`);
    const arrived = await browser.submitAndLeave({ user: 'ada', password: 'x y', decision: 'approve' });
    expect(arrived.href).toBe('https://app.example/cb');
    expect(Object.fromEntries(new URLSearchParams(requests[1]?.body))).toEqual({
      csrf: `a"b'c&`,
      user: 'ada',
      password: 'x y',
      scope: 'read',
      decision: 'approve',
    });
    expect(requests[1]).toMatchObject({ method: 'POST', path: '/post' });
  });

  it('submits a form without an action to the page itself', async () => {
    const { browser, requests } = site({
      '/a': () => html('<form method="post"><button name="ok">OK</button></form>'),
    });
    await browser.visit(`${origin}/a?x=1`);
    await browser.submit({ ok: '' });
    expect(requests[1]).toMatchObject({ method: 'POST', path: '/a', body: 'ok=' });
  });

  it('says where it is when the way does not lead on', async () => {
    const { browser } = site({
      '/a': () =>
        html('<style>p{}</style><form method="post"><input name="user" value=""></form><p>Wrong password</p>'),
    });
    expect(await browser.visit(`${origin}/a`)).toMatchObject({ status: 200 } satisfies Partial<TestPage>);
    await expect(browser.submitAndLeave({ user: 'ada' })).rejects.toThrow(
      /stayed on https:\/\/mcp\.example\.com\/a \(200\): Wrong password$/,
    );
    expect(() => browser.submit({ nothing: '' })).toThrow(/no form with nothing/);
  });

  it('gives up on redirects that never end', async () => {
    const { browser } = site({ '/a': () => to('/a') });
    await expect(browser.visit(`${origin}/a`)).rejects.toThrow(/more than 20 redirects/);
  });
});
