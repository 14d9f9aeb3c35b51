import type { Database } from '../core/database.ts';
import type { ResourceUri } from '../core/ids.ts';
import type { AuthorizationCodeStore } from '../oauth/authorization-code/store.ts';
import type { DeviceCodeStore } from '../oauth/device/store.ts';
import type { ClientStore } from '../oauth/register/store.ts';
import type { GrantStore } from '../oauth/token/grant-store.ts';
import type { OAuthProvider } from '../provider.ts';
import type { Csrf } from '../web/csrf.ts';
import type { Consents } from './consent/consents.ts';
import type { PendingRequests } from './consent/pending-requests.ts';
import type { UserCodeThrottle } from './device/code-throttle.ts';
import type { Passwords } from './passwords/passwords.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { SetupLinks } from './setup/setup-links.ts';
import type { SignInLevels } from './sign-in/sign-in-levels.ts';
import type { SignInThrottle } from './sign-in/throttle.ts';
import type { Users } from './users/users.ts';

/** Public paths of the pages, each below the base URL's own path. */
export interface PagePaths {
  readonly home: string;
  readonly setup: string;
  readonly signIn: string;
  readonly signOut: string;
  readonly consent: string;
  /** Where the code of a device is entered. */
  readonly device: string;
  readonly deviceDecision: string;
  readonly account: string;
}

/** What the pages work with. */
export interface IdentityServices {
  /** Protocol settings, clock, random source and event reports. */
  readonly provider: OAuthProvider;
  readonly database: Database;
  /** The name that pages show: the MCP server's. */
  readonly siteName: string;
  /** Whether the pages are served over https: cookies are then `__Host-` and `Secure`. */
  readonly secure: boolean;
  readonly paths: PagePaths;
  readonly csrf: Csrf;
  readonly users: Users;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly signInLevels: SignInLevels;
  readonly throttle: SignInThrottle;
  readonly userCodeThrottle: UserCodeThrottle;
  readonly setupLinks: SetupLinks;
  readonly requests: PendingRequests;
  readonly consents: Consents;
  readonly clients: ClientStore;
  readonly grants: GrantStore;
  readonly codes: AuthorizationCodeStore;
  readonly deviceCodes: DeviceCodeStore;
  /** Resources that only administrators may let clients use. */
  readonly resourcesForAdministrators: ReadonlySet<ResourceUri>;
}
