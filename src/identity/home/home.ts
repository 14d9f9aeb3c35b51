import { homePage } from '../../web/pages/home.ts';
import { htmlResponse } from '../../web/response.ts';
import { page, siteOf } from '../page.ts';

/** `GET /`: what this server is, and how to connect a client to it. */
export const showHome = page((_, services) => {
  const { paths, provider, siteName } = services;
  const { resource, serviceDocumentationUrl } = provider.settings;
  return htmlResponse(
    homePage({
      site: siteOf(services),
      mcpUrl: resource,
      clients: clientSnippets(siteName, resource),
      accountUrl: paths.account,
      documentationUrl: serviceDocumentationUrl,
    }),
  );
});

/** Command lines that add this server to well-known clients. */
export function clientSnippets(
  siteName: string,
  mcpUrl: string,
): { readonly name: string; readonly snippet: string }[] {
  const name = identifierOf(siteName);
  const definition = JSON.stringify({ name, type: 'http', url: mcpUrl });
  return [
    { name: 'Claude Code', snippet: `claude mcp add --transport http ${name} ${quoted(mcpUrl)}` },
    { name: 'VS Code', snippet: `code --add-mcp ${quoted(definition)}` },
    {
      name: 'MCP Inspector',
      snippet: `npx @modelcontextprotocol/inspector --transport http --server-url ${quoted(mcpUrl)}`,
    },
  ];
}

function identifierOf(siteName: string): string {
  const words =
    siteName
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.join('-').slice(0, 40) || 'mcp-server';
}

// For POSIX shells; addresses without special characters stay as they are.
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
