import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { showAccount } from './account.ts';
import { actOnAccount } from './act.ts';

/** The signed-in user's own page: password, sessions, connected apps. */
export const account: Capability<IdentityServices> = {
  name: 'account',
  specifications: ['MCP authorization 2026-07-28, security considerations'],
  routes: [{ path: ({ paths }) => paths.account, methods: { GET: showAccount, POST: actOnAccount }, cors: 'none' }],
};
