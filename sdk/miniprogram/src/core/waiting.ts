export function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** The outcome of a work, or a rejection with `late` once it took too long. */
export function within<T>(milliseconds: number, work: Promise<T>, late: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late), milliseconds);
    work.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/** Waits for the end of a work, whatever it is. */
export function settled(work: unknown): Promise<unknown> {
  return Promise.resolve(work).catch(() => {});
}
