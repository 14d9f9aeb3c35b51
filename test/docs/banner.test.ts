import { expect, test } from 'vitest';
import { bannerText } from '../../src/cli/banner.ts';
import { clientSnippets } from '../../src/identity/home/home.ts';
import { readDocument } from './documents.ts';

test('the banner in the guide is what a server prints', () => {
  const origin = 'http://localhost:3000';
  const printed = bannerText({
    name: 'Notes',
    mcpUrl: `${origin}/mcp`,
    furtherEndpoints: {},
    signInUrl: `${origin}/sign-in`,
    accountUrl: `${origin}/account`,
    issuer: origin,
    setupUrl: `${origin}/setup?token=kFND…`,
    database: '/home/you/portcullis/data/portcullis.db',
    passwordHashMilliseconds: 34,
    clients: clientSnippets('Notes', `${origin}/mcp`),
  });
  const { blocks } = readDocument('docs/guides/getting-started.md');
  expect(blocks.find(({ language }) => language === 'text')?.text).toBe(`${printed.trim()}\n`);
});
