import type { ScopeCatalogue } from '../../core/scopes.ts';

/** What an MCP message asks for, as far as authorization is concerned. */
export interface McpOperation {
  readonly method: string;
  /** `params.name`, or `params.uri` for resources: what the `Mcp-Name` header repeats. */
  readonly name?: string;
}

/**
 * Reads the operations of an MCP request from its parsed body; a batch (2025-03-26) has several.
 * @see MCP 2026-07-28, transports, "Streamable HTTP"
 */
export function readOperations(body: unknown): readonly McpOperation[] {
  return (Array.isArray(body) ? body : [body]).flatMap(operationOf);
}

/**
 * Whether the `Mcp-Method` and `Mcp-Name` headers, where sent, tell another story than the body: what a proxy decided
 * by the headers must be what the handler runs.
 * @see MCP 2026-07-28, transports, "Server validation"
 */
export function headerMismatch(operations: readonly McpOperation[], headers: Headers): string | undefined {
  const method = headers.get('mcp-method');
  const name = headers.get('mcp-name');
  for (const operation of operations) {
    if (method !== null && operation.method !== method) return 'Mcp-Method header differs from the method in the body';
    if (name !== null && operation.name !== undefined && operation.name !== decoded(name))
      return 'Mcp-Name header differs from the name in the body';
  }
  return undefined;
}

/** Whether a token's scopes suffice for the operations, and all that they need. */
export type ScopeDecision =
  | { readonly allowed: true; readonly scopes: readonly string[] }
  | { readonly allowed: false; readonly scopes: readonly string[] }
  | { readonly allowed: false; readonly lockedTool: string };

/**
 * Decides whether the held scopes, with all that they imply, suffice: every required scope, and for each tool one of the
 * scopes that unlock it. A tool that no scope unlocks is locked, as soon as any scope declares tools.
 * @see MCP authorization, "Scope Challenge Handling"
 */
export function decideScopes(
  operations: readonly McpOperation[],
  held: readonly string[],
  requiredScopes: readonly string[],
  catalogue: ScopeCatalogue,
): ScopeDecision {
  const effective = catalogue.expand(held);
  const needed = new Set(requiredScopes);
  for (const { method, name } of operations) {
    if (method !== 'tools/call' || !catalogue.guardsTools) continue;
    const unlocking = catalogue.scopesOfTool(name ?? '');
    if (unlocking === undefined) return { allowed: false, lockedTool: name ?? '' };
    const scope = unlocking.find((name) => effective.has(name)) ?? unlocking[0];
    if (scope !== undefined) needed.add(scope);
  }
  const scopes = [...needed];
  return scopes.every((scope) => effective.has(scope)) ? { allowed: true, scopes } : { allowed: false, scopes };
}

function operationOf(message: unknown): McpOperation[] {
  if (!isRecord(message) || typeof message['method'] !== 'string') return [];
  const method = message['method'];
  const params = isRecord(message['params']) ? message['params'] : {};
  const name = method === 'resources/read' ? params['uri'] : params['name'];
  return [typeof name === 'string' ? { method, name } : { method }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function decoded(header: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(header)?.[1];
  return encoded === undefined ? header : Buffer.from(encoded, 'base64').toString('utf8');
}
