export type { Gate } from '../oauth/token/gate.ts';
export type { Introspection } from './introspection.ts';
export type { KeySet } from './key-set.ts';
export { ResourceServer, type ResourceServerEnvironment, type ResourceServerOptions } from './resource-server.ts';
