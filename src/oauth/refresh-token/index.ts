import type { OAuthCapability } from '../token/grant-handler.ts';
import { rotateRefreshToken } from './rotate.ts';
import { refreshTokenMigrations } from './tables.ts';

/** The refresh token grant: rotation at every use, reuse detection by family. */
export const refreshToken: OAuthCapability = {
  name: 'refresh token grant with rotation',
  specifications: ['OAuth 2.1 §4.3', 'RFC 9700 §4.14'],
  grants: { refresh_token: rotateRefreshToken },
  migrations: refreshTokenMigrations,
};
