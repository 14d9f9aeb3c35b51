import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestContext } from './http.ts';

const scope = new AsyncLocalStorage<RequestContext>();

/** Runs what answers one request, so that every event on the way can be told to be of it. */
export function inRequest<Result>(context: RequestContext, act: () => Result): Result {
  return scope.run(context, act);
}

/** What is known of the request that is being answered, for the log only; nothing outside of any. */
export function currentRequest(): RequestContext {
  const { clientAddress, requestId } = scope.getStore() ?? {};
  return {
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
