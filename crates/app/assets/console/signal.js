// Something that others wait to hear of.
export class Signal {
  #listeners = new Set();

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(what) {
    for (const listener of [...this.#listeners]) listener(what);
  }
}
