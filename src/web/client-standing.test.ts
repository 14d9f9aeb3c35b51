import { describe, expect, it } from 'vitest';
import { clientStanding, type ShownClient } from './client-standing.ts';
import { describeDestination } from './destination.ts';

function said(client: Partial<ShownClient>, redirectUri: string): string {
  const shown: ShownClient = { name: 'App', registeredBy: 'metadata_document', documentHost: 'app.example', ...client };
  const html = String(clientStanding(shown, describeDestination(redirectUri)));
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll(' .', '.')
    .replaceAll(' ,', ',')
    .trim();
}

describe('what a page says of a client', () => {
  it('with a document on the website that it sends users to [CIMD-22]', () => {
    expect(said({}, 'https://app.example/callback')).toBe(
      'Verified to be from app.example. Nobody here has checked what the app does.',
    );
  });

  it.for([
    ['http://127.0.0.1:4711/callback', 'Any program on this computer can say that.'],
    ['http://[::1]:4711/callback', 'Any program on this computer can say that.'],
    ['http://localhost/callback', 'Any program on this computer can say that.'],
    ['com.example.app:/callback', 'Any app on this device can say that.'],
  ])('that comes back at %s: its host proves nothing there [MCP-SEC-16]', ([redirectUri = '', warning = '']) => {
    expect(said({}, redirectUri)).toBe(`Unverified It says that it is from app.example. ${warning}`);
    expect(said({ registeredBy: 'imported_document' }, redirectUri)).toContain(
      `It says that it is an app of app.example. ${warning}`,
    );
  });

  it('that sends users to another host than the one that describes it, names both', () => {
    for (const host of ['evil.example', 'www.app.example', 'app.example:8443', 'app.example.evil.example'])
      expect(said({}, `https://${host}/callback`)).toContain(`The access goes to ${host}, which is not app.example.`);
    expect(said({ documentHost: 'app.example:8443' }, 'https://app.example:8443/cb')).not.toContain('which is not');
  });

  it('whose host has letters that can look like others, spells them out', () => {
    const { host } = new URL('https://аpp.example/client.json');
    const text = said({ documentHost: host }, `https://${host}/callback`);
    expect(text).toContain('xn--pp-6kc.example stands for letters beyond a to z');
    expect(said({ documentHost: 'a.xn--80ak6aa92e.example' }, 'https://a.xn--80ak6aa92e.example/')).toContain(
      'beyond a to z',
    );
    expect(said({ documentHost: 'notxn--.example' }, 'https://notxn--.example/')).not.toContain('beyond a to z');
  });

  it('that a trusted publisher vouches for, names it; for a program on the computer that proves nothing [MCP-SEC-16]', () => {
    const vouched = { registeredBy: 'dynamic', admission: 'vouched', vouchedBy: 'https://publisher.example' } as const;
    const text =
      'Known publisher This app says that it is one of https://publisher.example, which your administrator trusts.';
    expect(said(vouched, 'https://app.example/cb')).toBe(text);
    expect(said(vouched, 'http://localhost/cb')).toBe(`${text} Any program on this computer can say that.`);
  });

  it('that an administrator imported, or added', () => {
    expect(said({ registeredBy: 'imported_document' }, 'https://app.example/cb')).toBe(
      'Added by your administrator It is an app of app.example.',
    );
    expect(said({ registeredBy: 'administrator' }, 'https://app.example/cb')).toBe('Added by your administrator');
    expect(said({ registeredBy: 'dynamic' }, 'https://app.example/cb')).toMatch(
      /^Unverified This app registered itself/,
    );
  });
});
