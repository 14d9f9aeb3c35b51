import { foreignAlgorithms } from './public-jwk.ts';
import { ConfigurationError } from './urls.ts';

/** Somebody whose signed words are taken, as configured. */
export interface ConfiguredIssuer {
  readonly issuer: string;
  readonly algorithms?: readonly string[];
}

/**
 * Checks what every setting of a trusted issuer has, and returns the algorithms that it may sign with.
 * @param place the setting, for messages
 * @param words what it signs, in the plural
 * @param self the issuer identifier of this server
 * @throws ConfigurationError
 */
export function checkedAlgorithms(
  place: string,
  words: string,
  { issuer, algorithms = foreignAlgorithms }: ConfiguredIssuer,
  self: string,
): readonly string[] {
  if (issuer === '' || /[^\x21-\x7e]/.test(issuer))
    throw new ConfigurationError(`${place}.issuer must be the iss of its ${words}, exactly as they spell it`);
  // RFC 8725 §3.8: what we sign ourselves is no word of somebody else.
  if (issuer === self) throw new ConfigurationError(`${place}.issuer is this server itself`);
  const unknown = algorithms.find((name) => !(foreignAlgorithms as readonly string[]).includes(name));
  if (unknown !== undefined || algorithms.length === 0)
    throw new ConfigurationError(`${place}.algorithms must be some of ${foreignAlgorithms.join(', ')}`);
  return algorithms;
}
