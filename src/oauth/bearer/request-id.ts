import { type Random, randomId } from '../../core/random.ts';
import type { AuthenticateOptions } from './authenticate.ts';

// Most requests with a token report nothing, and then need no id.
export function withId(options: AuthenticateOptions, random: Random): AuthenticateOptions {
  let requestId: string | undefined;
  return {
    ...options,
    get requestId() {
      requestId ??= randomId(random);
      return requestId;
    },
  };
}
