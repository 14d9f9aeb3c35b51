import type { OAuthProvider } from '../../provider.ts';

/**
 * What stands before an MCP endpoint: every `OAuthProvider`, and a `ResourceServer`, whose tokens another process issues.
 */
export type Gate = Pick<
  OAuthProvider,
  | 'allowedOrigins'
  | 'authenticate'
  | 'clock'
  | 'dpop'
  | 'handle'
  | 'random'
  | 'report'
  | 'resources'
  | 'senderConstraint'
  | 'settings'
  | 'spendIdentifier'
  | 'verifyToken'
>;
