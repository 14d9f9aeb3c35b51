const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Waits until the process is told to stop. A second signal then ends it at once.
 * @param onHangup called for every SIGHUP until then
 * @returns the signal
 */
export function stopRequest(onHangup: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      for (const name of stopSignals) process.off(name, stop);
      resolve(signal);
    };
    process.on('SIGHUP', onHangup);
    for (const name of stopSignals) process.on(name, stop);
  });
}
