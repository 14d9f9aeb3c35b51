import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScopeCatalogue } from '../../core/scopes.ts';
import { decideScopes, headerMismatch, readOperations } from './mcp-operations.ts';

const catalogue = new ScopeCatalogue({
  read: { tools: ['list', 'get'] },
  write: { implies: ['read'], tools: ['put'] },
  remove: { tools: ['drop', 'put'] },
});
const call = (name: unknown) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });
const decide = (body: unknown, held: readonly string[], required: readonly string[] = ['read']) =>
  decideScopes(readOperations(body), held, required, catalogue);

describe('readOperations', () => {
  it('answers any JSON value with operations, never with an error', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        for (const { method, name } of readOperations(value)) {
          expect(typeof method).toBe('string');
          expect(['string', 'undefined']).toContain(typeof name);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reads single messages, batches, names and URIs', () => {
    expect(readOperations(call('list'))).toEqual([{ method: 'tools/call', name: 'list' }]);
    expect(readOperations([call('list'), { method: 'ping' }, { result: {} }])).toEqual([
      { method: 'tools/call', name: 'list' },
      { method: 'ping' },
    ]);
    expect(readOperations({ method: 'resources/read', params: { uri: 'a:b', name: 'x' } })).toEqual([
      { method: 'resources/read', name: 'a:b' },
    ]);
    expect(readOperations(JSON.parse('{"__proto__": {"method": "tools/call"}}'))).toEqual([]);
  });
});

describe('decideScopes', () => {
  it('never lets a tool pass without a scope that unlocks it, nor any request without the required scopes [RFC6750-11, MCP-SEC-20, OAUTH21-52]', () => {
    const scope = fc.constantFrom('read', 'write', 'remove', 'other', '__proto__', 'constructor', 'toString', '');
    const tool = fc.constantFrom<unknown>(
      'list',
      'get',
      'put',
      'drop',
      'unknown',
      '__proto__',
      'constructor',
      'toString',
      '',
      'LIST',
      ' list',
      undefined,
      null,
      1,
      ['list'],
      { list: true },
    );
    fc.assert(
      fc.property(
        fc.array(tool, { maxLength: 4 }),
        fc.array(scope, { maxLength: 4 }),
        fc.array(fc.constantFrom('read', 'remove'), { maxLength: 2 }),
        fc.boolean(),
        (tools, held, required, batch) => {
          const body = batch || tools.length !== 1 ? tools.map(call) : call(tools[0]);
          const decision = decide(body, held, required);
          const effective = catalogue.expand(held);
          const suffices =
            required.every((needed) => effective.has(needed)) &&
            tools.every(
              (name) =>
                typeof name === 'string' &&
                (catalogue.scopesOfTool(name) ?? []).some((unlocking) => effective.has(unlocking)),
            );
          expect(decision.allowed).toBe(suffices);
          if (!decision.allowed && 'scopes' in decision) {
            expect(decision.scopes).toEqual(expect.arrayContaining([...new Set(required)]));
            expect(decide(body, decision.scopes, required).allowed).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('names everything that is needed at once, the same way every time [MCP-AUTH-08, MCP-AUTH-27, MCP-AUTH-28]', () => {
    expect(decide([call('put'), call('drop')], [])).toEqual({ allowed: false, scopes: ['read', 'write', 'remove'] });
    expect(decide([call('put'), call('drop')], ['read'])).toEqual({
      allowed: false,
      scopes: ['read', 'write', 'remove'],
    });
    expect(decide(call('put'), ['other'])).toEqual({ allowed: false, scopes: ['read', 'write'] });
  });

  it('lets a broader scope stand for what it implies [MCP-AUTH-30]', () => {
    expect(decide(call('list'), ['write'])).toMatchObject({ allowed: true });
  });

  it('locks a tool that no scope unlocks, as soon as any scope declares tools', () => {
    expect(decide(call('unknown'), ['read', 'write', 'remove'])).toEqual({ allowed: false, lockedTool: 'unknown' });
    expect(
      decideScopes(readOperations(call('unknown')), ['read'], ['read'], new ScopeCatalogue({ read: {} })),
    ).toMatchObject({ allowed: true });
  });

  it('lets any method but tools/call pass with the required scopes', () => {
    expect(decide({ method: 'tools/list' }, ['read'])).toMatchObject({ allowed: true });
    expect(decide({ method: 'initialize' }, [])).toEqual({ allowed: false, scopes: ['read'] });
    expect(decide(undefined, ['read'])).toMatchObject({ allowed: true });
  });
});

describe('headerMismatch', () => {
  const mismatch = (body: unknown, headers: Record<string, string>) =>
    headerMismatch(readOperations(body), new Headers(headers));

  it('finds headers that tell another story than the body [MCP-HTTP-04]', () => {
    expect(mismatch(call('list'), { 'mcp-method': 'tools/call', 'mcp-name': 'list' })).toBeUndefined();
    expect(mismatch(call('list'), {})).toBeUndefined();
    expect(mismatch(call('drop'), { 'mcp-method': 'tools/list' })).toContain('Mcp-Method');
    expect(mismatch(call('drop'), { 'mcp-name': 'list' })).toContain('Mcp-Name');
    expect(mismatch([call('list'), call('drop')], { 'mcp-name': 'list' })).toContain('Mcp-Name');
    expect(mismatch({ method: 'ping' }, { 'mcp-method': 'ping', 'mcp-name': 'list' })).toBeUndefined();
  });

  it('decodes a name in Base64 form first [MCP-HTTP-06]', () => {
    const encoded = (name: string) => `=?base64?${Buffer.from(name).toString('base64')}?=`;
    expect(mismatch(call('größe'), { 'mcp-name': encoded('größe') })).toBeUndefined();
    expect(mismatch(call('list'), { 'mcp-name': encoded('drop') })).toContain('Mcp-Name');
  });
});
