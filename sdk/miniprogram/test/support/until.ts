/** Looks again until there is something, for as long as a slow machine may take. */
export async function until<T>(
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  otherwise: string | (() => string) = "it does not come true",
): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
    await new Promise((done) => setTimeout(done, 20));
  }
}
