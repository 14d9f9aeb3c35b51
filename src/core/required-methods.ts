import { ConfigurationError } from './urls.ts';

const requiredMethods = [
  'getClient',
  'registerClient',
  'authorize',
  'loadAuthorizationCode',
  'exchangeAuthorizationCode',
  'loadRefreshToken',
  'exchangeRefreshToken',
  'loadAccessToken',
  'revokeToken',
] as const;

/**
 * Sees that a provider has what the compiler asks of subclasses, for those that it does not see.
 * @param name of its class
 * @throws TypeError naming the method
 */
export function checkMethods(provider: object, name: string): void {
  for (const method of requiredMethods) {
    if (typeof Reflect.get(provider, method) !== 'function')
      throw new TypeError(`${name} must implement ${method}() as a method`);
  }
}

/** What is wrong where an option asks for methods that a class does not have. */
export function missingMethods(option: string, name: string, ...methods: readonly string[]): ConfigurationError {
  return new ConfigurationError(
    `${option} needs ${name} to implement ${methods.map((method) => `${method}()`).join(' and ')}`,
  );
}
