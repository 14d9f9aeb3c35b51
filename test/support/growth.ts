/** Enough for the clock of the processor to tell from nothing, in milliseconds. */
const enough = 4;

/** Above this, work grows faster than by a little more than what there is of it: with the square it would be 256. */
export const muchMoreThanLinear = 80;

/**
 * How many times as much processor time work takes for sixteen times as much: about 16 where it is linear, somewhat more
 * where caches run over, 256 where it goes by the square. Says nothing of how fast the machine is, or how busy.
 */
export function growthOf(work: (size: number) => unknown, size: number): number {
  return costOf(() => work(size * 16)) / costOf(() => work(size));
}

/** Processor time of one run, in milliseconds: the least of several, because only other work makes it more. */
function costOf(work: () => unknown): number {
  return Math.min(...Array.from({ length: 5 }, () => averageOf(work)));
}

function averageOf(work: () => unknown): number {
  const before = process.threadCpuUsage();
  for (let runs = 1; ; runs += 1) {
    try {
      work();
    } catch {
      // A refusal is as good as an answer: only the time counts.
    }
    const { user, system } = process.threadCpuUsage(before);
    const spent = (user + system) / 1000;
    if (spent >= enough || runs === 10_000) return spent / runs;
  }
}
