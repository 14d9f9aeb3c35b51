import { describe, expect, it } from 'vitest';
import { type Device, hiddenFields, openConsent } from '../../../test/support/consent.ts';
import { onPage } from '../../../test/support/identity.ts';
import { testUser } from '../../../test/support/portcullis-harness.ts';
import type { SecurityEvent, SecurityEventName } from '../../core/events.ts';
import { tokensOf } from '../../testing/test-client.ts';
import { jsonLog } from './json-log.ts';

function logged(...events: readonly SecurityEvent[]): string[] {
  const lines: string[] = [];
  const sink = jsonLog(
    (line) => lines.push(line),
    () => 1_800_000_000_000,
  );
  for (const event of events) sink(event);
  return lines;
}

describe('the log', () => {
  it('has one line of JSON for each event, with its time and level', () => {
    const [line = ''] = logged({ name: 'token.refreshed', clientId: 'client', clientAddress: '192.0.2.1' });
    expect(JSON.parse(line)).toEqual({
      time: '2027-01-15T08:00:00.000Z',
      level: 'info',
      name: 'token.refreshed',
      clientId: 'client',
      clientAddress: '192.0.2.1',
    });
  });

  it('stays one line whatever strangers put into it', () => {
    const hostile = 'x\n{"level":"info"}\r\u2028"\\';
    const lines = logged({
      name: 'authorization.refused',
      reason: hostile,
      clientId: hostile,
      error: new Error(hostile),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\n\r]/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason: hostile, clientId: hostile });
  });

  it('marks what an operator should look at', () => {
    const level = (name: SecurityEventName) => (JSON.parse(logged({ name })[0] ?? '') as { level: string }).level;
    expect(level('server.error')).toBe('error');
    for (const name of [
      'code.replayed',
      'token.reused',
      'request.rate_limited',
      'user.sign_in_failed',
      'client.authentication_failed',
    ] as const)
      expect(level(name)).toBe('warn');
    for (const name of ['client.registered', 'token.refreshed', 'user.signed_in'] as const)
      expect(level(name)).toBe('info');
  });

  it('has an error with its stack, and anything else that was thrown', () => {
    const errorOf = (error: unknown) =>
      (JSON.parse(logged({ name: 'server.error', error })[0] ?? '') as { error?: string }).error;
    expect(errorOf(new TypeError('broken'))).toMatch(/^TypeError: broken\n +at /);
    expect(errorOf('a string')).toBe('a string');
    expect(errorOf(null)).toBe('null');
    expect(errorOf({ toString: () => 'text' })).toBe('text');
    expect(errorOf(undefined)).toBeUndefined();
  });

  it('has the causes of an error and what to do about it, and comes to an end', () => {
    const inner = Object.assign(new Error('inner'), { hint: 'free some space' });
    const [line = ''] = logged({ name: 'server.error', error: new Error('outer', { cause: inner }) });
    expect(line).toMatch(/outer.*caused by Error: inner.*hint: free some space/);
    const endless = new Error('endless');
    endless.cause = endless;
    expect(logged({ name: 'server.error', error: endless })[0]?.match(/caused by/g)).toHaveLength(5);
  });
});

describe('no secret is logged [PITFALL-24, MCP-SEC-04]', () => {
  it('on the whole way of a user and a client, right and wrong turns included [PITFALL-24, MCP-SEC-04]', async () => {
    const harness = await openConsent();
    const client = await harness.client({ authMethod: 'client_secret_basic' });
    const device: Device = harness.device();
    const secrets = new Set<string>([testUser.password, 'a wrong password']);
    const tab = device.tab();
    const prepared = client.prepareAuthorization();
    await tab.visit(prepared.url);
    await tab.submit({ username: 'ada', password: 'a wrong password' });
    const page = onPage(await tab.submit({ username: 'ada', password: testUser.password }));
    for (const value of [
      ...device.cookies.values(),
      ...Object.values(hiddenFields(page)).filter((value) => value !== 'on'),
    ])
      secrets.add(value);
    await device.post({ ...hiddenFields(page), csrf_token: 'wrong', decision: 'allow' });
    const code = client.receiveCode(prepared, await tab.submitAndLeave({ decision: 'allow' }));
    const first = tokensOf(await client.redeem(code));
    await client.redeem(code, { code_verifier: 'x'.repeat(43) });
    await client.refresh(first.refreshToken);
    await client.refresh(first.refreshToken, { client_secret: 'x' });
    await client.redeem(code);
    await client.revoke(first.accessToken);
    await harness.portcullis.setupUrl();
    const lines = logged(...harness.events).join('\n');
    expect(harness.events.length).toBeGreaterThan(8);
    for (const secret of [...secrets, ...client.secrets]) expect(lines).not.toContain(secret);
  });
});
