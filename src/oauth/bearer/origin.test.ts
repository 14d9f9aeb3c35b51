import { describe, expect, it } from 'vitest';
import { checkOrigin } from './origin.ts';

const allowed = {
  hosts: new Set(['mcp.example.com', 'localhost:3000']),
  origins: new Set(['https://mcp.example.com']),
};
const why = (headers: Record<string, string>, origins = allowed) =>
  checkOrigin(new Request('https://mcp.example.com/mcp', { headers }), origins);

describe('checkOrigin', () => {
  it.each(['mcp.example.com', 'MCP.example.com', 'mcp.example.com:443', 'localhost:3000'])(
    'lets the host %s pass',
    (host) => {
      expect(why({ host })).toBeUndefined();
    },
  );

  it.each([
    'evil.example',
    'mcp.example.com.evil.example',
    'mcp.example.com:8443',
    'localhost',
    'localhost:3001',
    'mcp.example.com:443:443',
    '',
  ])('stops the host %j: DNS rebinding [PITFALL-33]', (host) => {
    expect(why({ host })).toContain('Host');
  });

  it.each([
    'https://evil.example',
    'http://mcp.example.com',
    'https://mcp.example.com:8443',
    'null',
    '*',
    'https://mcp.example.com/',
  ])('stops the web origin %s [PITFALL-33, MCP-HTTP-01]', (origin) => {
    expect(why({ host: 'mcp.example.com', origin })).toContain('origin');
  });

  it('lets requests pass that come from no web page or from an allowed one', () => {
    expect(why({ host: 'mcp.example.com' })).toBeUndefined();
    expect(why({ host: 'mcp.example.com', origin: 'https://mcp.example.com' })).toBeUndefined();
    expect(
      why({ host: 'mcp.example.com', origin: 'https://any.example' }, { ...allowed, origins: new Set(['*']) }),
    ).toBeUndefined();
  });
});
