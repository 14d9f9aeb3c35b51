import type { Capability } from '../../core/capability.ts';
import type { IdentityServices } from '../services.ts';
import { showSignIn, signInWithPassword } from './sign-in.ts';
import { showSignOut, signOut } from './sign-out.ts';
import { signInMigrations } from './tables.ts';

/** Sign-in with a password, slowed down where it fails, and sign-out. */
export const signIn: Capability<IdentityServices> = {
  name: 'sign-in',
  specifications: ['OAuth 2.1 §7.7', 'NIST SP 800-63B-4 §3.2.2'],
  routes: [
    { path: ({ paths }) => paths.signIn, methods: { GET: showSignIn, POST: signInWithPassword }, cors: 'none' },
    { path: ({ paths }) => paths.signOut, methods: { GET: showSignOut, POST: signOut }, cors: 'none' },
  ],
  migrations: signInMigrations,
};
