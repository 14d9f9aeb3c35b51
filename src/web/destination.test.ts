import { expect, it } from 'vitest';
import { describeDestination } from './destination.ts';

it.each([
  ['https://claude.ai/api/mcp/auth_callback', 'website', 'claude.ai'],
  ['https://claude.ai@evil.example/cb', 'website', 'evil.example'],
  ['https://сlaude.ai/cb', 'website', 'xn--laude-0ye.ai'],
  ['http://localhost:53682/callback', 'this-computer', 'localhost:53682'],
  ['http://[::1]:9/cb', 'this-computer', '[::1]:9'],
  ['http://localhost.evil.example/cb', 'website', 'localhost.evil.example'],
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'installed-app', 'cursor:'],
])('%s leads to a %s called %s', (redirectUri, kind, text) => {
  expect(describeDestination(redirectUri)).toEqual({ kind, text });
});
