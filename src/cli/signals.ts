/** npm and a terminal can both pass one Ctrl-C on: signals this close together (ms) are one. */
const SAME_SIGNAL_MS = 50;

/** @returns the signal that asked to stop. @param atOnce called on the next one. */
export function stopSignals(atOnce: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      if (first === 0) {
        first = performance.now();
        resolve(signal);
      } else if (performance.now() - first > SAME_SIGNAL_MS) {
        atOnce();
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
