import { randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { McpFetchHandler } from 'portcullis/mcp-sdk';

/**
 * An MCP handler that keeps sessions for clients of the 2025 revisions, and serves those of 2026-07-28 request by request.
 * Sessions belong to users: put `SessionOwners` in front.
 */
export function createSessionHandler(createServer: () => McpServer): McpFetchHandler {
  const modern = createMcpHandler(createServer, { legacy: 'reject' });
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();

  async function open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    await createServer().connect(transport);
    return transport;
  }

  return {
    async fetch(request, options = {}) {
      if (!(await isLegacyRequest(request, options.parsedBody))) return modern.fetch(request, options);
      const id = request.headers.get('mcp-session-id');
      const transport = id === null ? await open() : transports.get(id);
      return transport === undefined ? new Response(null, { status: 404 }) : transport.handleRequest(request, options);
    },
  };
}
