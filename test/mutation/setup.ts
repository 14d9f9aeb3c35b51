import { inject } from 'vitest';

// A change is on while tests run, not while the files are loaded that come after them in the same thread.
const stryker = (globalThis as { __stryker__?: { activeMutant?: string | undefined } }).__stryker__;
const activation: unknown = inject('mutantActivation' as never);
if (stryker !== undefined && activation === 'runtime') stryker.activeMutant = undefined;
