import type { Place } from '../fuzz/subject.ts';
import type { LoopReport } from './loop-watch.ts';

/** In MB, after garbage collection. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
  /** Of the heap's objects, outside the heap. */
  readonly external: number;
  /** Sockets, timers and the like that are open. */
  readonly handles: number;
}

/** What the server's process is asked. */
export type ToServer =
  | { readonly asks: 'memory' | 'loop' | 'end' }
  /** To forget what its event loop did while it warmed up. */
  | { readonly asks: 'begin' }
  /** To put its time forward, and to remove what has run out. */
  | { readonly asks: 'sweep'; readonly days: number };

/** What the server's process tells. */
export type FromServer =
  | {
      readonly tells: 'ready';
      readonly port: number;
      readonly places: readonly Place[];
      readonly off: readonly string[];
      readonly setupUrl: string | undefined;
    }
  | { readonly tells: 'failure'; readonly error: string }
  | ({ readonly tells: 'memory' } & Memory)
  | ({ readonly tells: 'loop' } & LoopReport)
  | { readonly tells: 'swept'; readonly removed: number };

export type Telling<Name extends FromServer['tells']> = Extract<FromServer, { readonly tells: Name }>;
