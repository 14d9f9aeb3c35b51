const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * How long further signals count as the same request, in milliseconds: Ctrl+C reaches a program that npm runs twice, from
 * the terminal and from npm.
 */
const echoTime = 1000;

/**
 * Waits until the process is told to stop. Told again a while later, it ends at once.
 * @param onHangup called for every SIGHUP
 * @returns the signal
 */
export function stopRequest(onHangup: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const stop = (signal: NodeJS.Signals) => {
      if (askedAt !== undefined && performance.now() - askedAt > echoTime) process.exit(1);
      askedAt ??= performance.now();
      resolve(signal);
    };
    process.on('SIGHUP', onHangup);
    for (const name of stopSignals) process.on(name, stop);
  });
}
