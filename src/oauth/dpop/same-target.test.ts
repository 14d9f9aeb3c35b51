import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { isSameTarget } from './same-target.ts';

const target = 'https://mcp.example.com/base/~notes/a%2Fb';

it.each([
  target,
  'HTTPS://MCP.EXAMPLE.COM/base/~notes/a%2Fb',
  'https://mcp.example.com:443/base/~notes/a%2Fb',
  'https://mcp.example.com/base/%7Enotes/a%2fb',
  'https://mcp.example.com/b%61se/./~notes/x/../a%2Fb',
  `${target}?query=1`,
  `${target}#fragment`,
])('%s is the same target [RFC9449-12]', (htu) => {
  expect(isSameTarget(htu, target)).toBe(true);
});

it.each([
  '',
  'mcp.example.com/base/~notes/a%2Fb',
  'http://mcp.example.com/base/~notes/a%2Fb',
  'https://mcp.example.com.evil.example/base/~notes/a%2Fb',
  'https://mcp.example.com:444/base/~notes/a%2Fb',
  'https://mcp.example.com@evil.example/base/~notes/a%2Fb',
  'https://user@mcp.example.com/base/~notes/a%2Fb',
  'https://:password@mcp.example.com/base/~notes/a%2Fb',
  'https://mcp.example.com/base/~notes/a/b',
  'https://mcp.example.com/base/~notes/a%252Fb',
  'https://mcp.example.com/base/~notes/a%2Fb/',
  'https://mcp.example.com/BASE/~notes/a%2Fb',
  'data:text/plain,x',
])('%j is another one [RFC9449-07]', (htu) => {
  expect(isSameTarget(htu, target)).toBe(false);
});

it('a bare origin is the same with and without its slash', () => {
  expect(isSameTarget('https://a.example', 'https://a.example/')).toBe(true);
});

it('no text makes it fail, and only what leads to the target passes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), anyText({ maxLength: 60 })), (htu) => {
      expect(isSameTarget(htu, target)).toBe(false);
    }),
  );
});
