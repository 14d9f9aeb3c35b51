export {
  type Approve,
  type ApproveDevice,
  type AutomaticApproval,
  InMemoryProvider,
  type InMemoryProviderOptions,
  type MapAssertion,
} from './in-memory-provider.ts';
export {
  MemoryStore,
  maximumRetries,
  type Rotation,
  type StoredGrant,
  type StoredRefreshToken,
} from './memory-store.ts';
