import { describe, expect, it } from 'vitest';
import { onPage, openIdentity, origin } from '../../../test/support/identity.ts';
import { clientSnippets } from './home.ts';

describe('the home page', () => {
  it('names the server and says how to connect to it', async () => {
    const { browser } = await openIdentity();
    const { status, html } = onPage(await browser().visit(`${origin}/`));
    expect(status).toBe(200);
    expect(html).toContain('Example Notes');
    expect(html).toContain(`claude mcp add --transport http example-notes ${origin}/mcp`);
    expect(html).toContain('href="/account"');
  });

  it('is below the base URL’s own path', async () => {
    const { browser } = await openIdentity({ baseUrl: `${origin}/tools` });
    expect(onPage(await browser().visit(`${origin}/tools`)).html).toContain('href="/tools/account"');
  });

  it('gives way to an MCP endpoint at the same address', async () => {
    const { portcullis } = await openIdentity({ mcpPath: '' });
    expect(await portcullis.handle(new Request(`${origin}/`))).toBeUndefined();
  });
});

describe('command lines for clients', () => {
  it('have the server’s name in plain letters, and quotes where the shell needs them', () => {
    const lines = clientSnippets("Zoë's Notes & Co", "https://mcp.example.com/it's/mcp").map(({ snippet }) => snippet);
    expect(lines[0]).toBe(`claude mcp add --transport http zoe-s-notes-co 'https://mcp.example.com/it'\\''s/mcp'`);
    expect(lines[1]).toMatch(/^code --add-mcp '\{"name":"zoe-s-notes-co","type":"http","url":".*"\}'$/);
  });

  it('call a server without plain letters by what it is', () => {
    expect(clientSnippets('筆記', `${origin}/mcp`)[0]?.snippet).toBe(
      `claude mcp add --transport http mcp-server ${origin}/mcp`,
    );
  });
});
