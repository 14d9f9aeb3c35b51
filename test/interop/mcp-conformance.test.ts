import { expect, it } from 'vitest';
import { runConformanceSuite } from './conformance/run.ts';

it('every scenario of the protocol project’s own suite that applies passes: for authorization servers, and for MCP servers behind the gate [MCP-AUTH-01, PITFALL-33]', {
  timeout: 300_000,
}, async () => {
  const { authorization, guarded, open, failures } = await runConformanceSuite();
  expect(failures).toEqual([]);
  const passed = (checks: typeof guarded, scenario: string) =>
    checks.filter((check) => check.scenario === scenario && check.status === 'SUCCESS').map(({ id }) => id);
  expect(passed(authorization, 'authorization-server-metadata-endpoint')).toContain('authorization-server-metadata');
  expect(passed(authorization, 'authorization-code-grant')).toEqual(['authorization-code-grant']);
  for (const scenario of ['server-initialize', 'tools-call-simple-text', 'http-header-validation', 'server-stateless'])
    expect(passed(guarded, scenario), scenario).not.toEqual([]);
  // What only a gate gives.
  expect(passed(open, 'dns-rebinding-protection')).not.toContain('localhost-host-rebinding-rejected');
  expect(passed(guarded, 'dns-rebinding-protection')).toEqual(
    expect.arrayContaining(['localhost-host-rebinding-rejected', 'localhost-host-valid-accepted']),
  );
});
