// Whatever happens, what was started is ended again, the last first: servers, clients, folders.
const steps = [];
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
let ending;

/** Whether everything is being ended, or was. */
export const isEnding = () => ending !== undefined;

/** Registers something to be undone at the end. Returns a function that does so earlier. */
export function atEnd(step) {
  const once = () => {
    const place = steps.indexOf(once);
    if (place < 0) return undefined;
    steps.splice(place, 1);
    return step();
  };
  steps.push(once);
  return once;
}

/** Undoes everything; one failure does not keep the rest from being undone. */
export function endAll() {
  ending ??= (async () => {
    while (steps.length > 0) {
      try {
        await steps.at(-1)();
      } catch (error) {
        console.error(`bench: ${error.message}`);
      }
    }
  })();
  return ending;
}

/** Ctrl-C and the like end everything, too. */
export function endOnSignals() {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => void endAll().then(() => process.exit(code)));
  }
}
