import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { parseCookies } from '../../src/web/cookies.ts';
import { openConsent } from '../support/consent.ts';
import { openIdentity, origin } from '../support/identity.ts';

const sessionName = '__Host-portcullis-session';

/** Signs `mallory` in and hands out the secret of her session, as she could plant it in the browsers of others. */
async function attackersSession() {
  const harness = await openIdentity();
  const mallory = await harness.addUser('mallory');
  const setCookie = await harness.services.sessions.start(mallory, new Request(origin), {});
  const secret = setCookie?.split(';', 1)[0]?.split('=')[1] ?? '';
  expect(secret).toMatch(/^[\w-]{43}$/);
  return { harness, secret };
}

describe('a cookie planted from a sibling subdomain', () => {
  // Browsers check the prefix of `\u00a0__Host-…` against nothing, and send the cookie for a whole domain. A server that
  // strips more than the blank and the tab would read it as the real one.
  it.each([
    ['a no-break space', '\u00a0'],
    ['a next line character', '\u0085'],
    ['a vertical tab', '\u000b'],
    ['a form feed', '\f'],
    ['a byte order mark', '\ufeff'],
    ['an em space', '\u2003'],
  ])('whose name begins with %s is not taken for the __Host- cookie [MCP-BP-09]', (_, blank) => {
    for (const pair of [`${blank}${sessionName}=x`, `${sessionName}${blank}=x`]) {
      expect(parseCookies(pair).has(sessionName), JSON.stringify(pair)).toBe(false);
      expect(parseCookies(`${pair}; ${sessionName}=own`).get(sessionName)).toBe('own');
    }
  });

  it('does not sign the browser in as the attacker, byte for byte over the network [MCP-BP-09]', async () => {
    const { harness, secret } = await attackersSession();
    const server = createServer(createNodeListener(harness.portcullis)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const get = async (cookie: string) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.end(
        Buffer.from(
          `GET /account HTTP/1.1\r\nHost: mcp.example.com\r\nConnection: close\r\nCookie: ${cookie}\r\n\r\n`,
          'latin1',
        ),
      );
      return (await text(socket)).split('\r\n', 1)[0];
    };
    expect(await get(`${sessionName}=${secret}`)).toBe('HTTP/1.1 200 OK');
    for (const name of [`\u00a0${sessionName}`, `a=b; \u00a0${sessionName}`, `${sessionName}\u00a0`]) {
      expect(await get(`${name}=${secret}`), JSON.stringify(name)).toBe('HTTP/1.1 303 See Other');
    }
  });

  it('without a name, or inside quotation marks, is no cookie of ours', () => {
    for (const header of [
      `=${sessionName}=x`,
      `"${sessionName}"=x`,
      `$Version=1, ${sessionName}=x`,
      `a="; ${sessionName.toLowerCase()}=x"`,
    ]) {
      expect(parseCookies(header).has(sessionName), header).toBe(false);
    }
  });
});

describe('cookies that pile up', () => {
  it('by a page that sends a pop-up to one authorization after another stay few, and the latest request can be finished', async () => {
    const harness = await openConsent();
    const [client, device] = [await harness.client(), harness.device()];
    await device.signIn();
    let latest = '';
    for (let request = 0; request < 40; request += 1) {
      const page = await device.tab().visit(client.prepareAuthorization({ prompt: 'consent' }).url);
      if (!(page instanceof URL)) latest = page.url.href;
    }
    const names = [...device.cookies.keys()].filter((name) => name.includes('portcullis-request'));
    expect(names.length).toBeLessThanOrEqual(20);
    const tab = device.tab();
    await tab.visit(latest);
    expect((await tab.submitAndLeave({ decision: 'allow' })).searchParams.has('code')).toBe(true);
  });
});
