import { ConfigurationError } from '../../core/urls.ts';
import type { OAuthProvider } from '../../provider.ts';

/**
 * A policy that the provider has no method for would let everybody in.
 * @param name of the provider's class
 * @throws ConfigurationError naming the method
 */
export function checkRegistrationPolicy(provider: OAuthProvider, name: string): void {
  const { policy } = provider.settings.registration;
  if (policy === 'token' && provider.registerInvitedClient === undefined)
    throw new ConfigurationError(`the registration policy 'token' needs ${name} to implement registerInvitedClient()`);
  if (policy === 'approval' && provider.registerPendingClient === undefined)
    throw new ConfigurationError(
      `the registration policy 'approval' needs ${name} to implement registerPendingClient()`,
    );
}

/** Whether clients that registered themselves may manage that (RFC 7592). */
export function managesRegistrations({ settings, replaceRegistration, endRegistration }: OAuthProvider): boolean {
  const { enabled, management } = settings.registration;
  return enabled && management && replaceRegistration !== undefined && endRegistration !== undefined;
}
