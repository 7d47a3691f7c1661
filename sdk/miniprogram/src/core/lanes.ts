/** Runs a work when there is a lane for it, in the order of asking. */
export type Lanes = <T>(work: () => Promise<T>) => Promise<T>;

export function lanes(count: number): Lanes {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      // The lane is handed over, so that nobody new can slip in between.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
