import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestContext } from './http.ts';
import { type Random, randomId } from './random.ts';

const scope = new AsyncLocalStorage<RequestContext>();

/**
 * Runs what answers one request, so that every event on the way can be told to be of it.
 * @param act gets the context with the request's id, which is made where nobody has made one
 */
export function inRequest<Result>(
  context: RequestContext,
  random: Random,
  act: (identified: RequestContext) => Result,
): Result {
  if (context === scope.getStore()) return act(context);
  const identified = context.requestId === undefined ? { ...context, requestId: randomId(random) } : context;
  return scope.run(identified, () => act(identified));
}

/** What is known of the request that is being answered, for the log only; nothing outside of any. */
export function currentRequest(): RequestContext {
  const { clientAddress, requestId } = scope.getStore() ?? {};
  return {
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
