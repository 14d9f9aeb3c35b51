import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { showHome } from './home.ts';

/** The page at the base URL; not there where the MCP endpoint has that address. */
export const home: Capability<IdentityServices> = {
  name: 'home page',
  specifications: [],
  isEnabled: ({ paths, provider }) => paths.home !== provider.settings.paths.mcp,
  routes: [{ path: ({ paths }) => paths.home, methods: { GET: showHome }, cors: 'none' }],
};
