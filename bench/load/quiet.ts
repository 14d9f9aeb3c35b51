import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Cores' worth of other work beside a slice that still lets it count. Writing logs to disk is part of it. */
export const toleratedWork = 0.35;

const look = 300;
const pause = 3_000;

/** Processor time that all processes of the machine have used so far, in milliseconds. */
export function machineBusy(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Waits for a machine that others use, too, to be free; no longer than its patience lasts, all waits together. */
export class Patience {
  #left: number;

  /** @param seconds of waiting in all */
  constructor(seconds: number) {
    this.#left = seconds * 1000;
  }

  async untilQuiet(): Promise<void> {
    while (this.#left > 0 && (await otherWork()) > toleratedWork) {
      await sleep(pause);
      this.#left -= pause + look;
    }
  }
}

/** Cores that are busy now, while the servers under measurement have nothing to do. */
async function otherWork(): Promise<number> {
  const before = machineBusy();
  await sleep(look);
  return (machineBusy() - before) / look;
}
