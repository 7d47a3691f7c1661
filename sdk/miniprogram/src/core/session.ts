import type { Calls } from "./calls";
import type { SignedOutReason } from "./codes";
import type { TokenAnswer } from "./data";
import { MenshenError } from "./errors";
import { type Language, textOf } from "./messages";
import type { Platform } from "./platform";
import type { Tokens, Vault } from "./vault";
import { pause, settled } from "./waiting";

/**
 * Who is signed in, with tokens that are good to use.
 *
 * However many calls wait for new tokens, they are asked for once. What changes the
 * session (a login, a binding) goes one at a time, and refreshes wait for it, since
 * it may end the session that they would refresh. A change itself passes `inside`.
 */
export interface Session {
  /** Which one, as far as it was read yet. */
  id(): string | null;
  onEnd(listener: Listener): () => void;
  current(): Promise<Tokens | null>;
  /** Tokens to send with a call. */
  usable(inside?: boolean): Promise<Tokens>;
  /** Other tokens than these, which are not good any more. */
  renew(old: Tokens, inside?: boolean): Promise<Tokens>;
  /** Runs what answers with new tokens, alone. */
  change<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until nothing changes the session any more. */
  calm(): Promise<void>;
  /** Goes on with these; `asked` is when they were asked for. */
  keep(answer: TokenAnswer, asked: number): Promise<Tokens>;
  end(reason: SignedOutReason): Promise<void>;
  /** What the service answers to a refresh token, and nothing else. */
  exchange(refresh: string): Promise<TokenAnswer>;
  /** Goes on with tokens that somebody else has stored. */
  take(tokens: Tokens): void;
}

type Listener = (reason: SignedOutReason, error: MenshenError) => void;

/** The only answers of a refresh that end a session; whatever else happens, it goes on. */
const REFUSALS = /^(session_revoked|refresh_token_)/;

/** Milliseconds between the tries of a refresh. */
const PAUSES = [300, 1500];

/** Milliseconds: a longer `Retry-After` is for the caller to wait. */
const LONGEST_PAUSE = 3000;

/** Whether this is the word of the service that a session is over. */
export function isOver(error: unknown): error is MenshenError {
  return error instanceof MenshenError && error.status === 401 && REFUSALS.test(error.code);
}

/**
 * Whether an access token has more than so many seconds left. The device's clock may
 * be wrong by years: only what went by on it is used, and where it went back, nothing
 * is known.
 */
function lives(tokens: Tokens, left: number): boolean {
  const age = (Date.now() - tokens.at) / 1000;
  return age >= 0 && age < tokens.ttl - left;
}

/** It is renewed so long before its end that it does not end on its way. */
function isFresh(tokens: Tokens): boolean {
  return lives(tokens, Math.min(60, tokens.ttl / 10));
}

export function openSession(
  platform: Platform,
  { api, send, dataOf }: Calls,
  { read, write, otherThan }: Vault,
  language: Language,
): Session {
  let held: Tokens | null = null;
  let why: SignedOutReason = "never";
  /** Counts ends and beginnings: who has read before does not believe it after. */
  let epoch = 0;
  let flight: { of: Tokens; done: Promise<Tokens> } | undefined;
  let move: Promise<unknown> | undefined;
  const listeners = new Set<Listener>();

  const signedOut = (cause?: MenshenError) =>
    new MenshenError({
      code: why === "never" ? "token_missing" : "session_revoked",
      ...cause,
      message: textOf(why, language, "expired"),
      status: 401,
      reason: why,
    });

  function holding(): Tokens {
    if (held) return held;
    throw signedOut();
  }

  function take(tokens: Tokens | null): void {
    held = tokens;
    epoch += 1;
  }

  async function current(): Promise<Tokens | null> {
    if (!held) {
      const began = epoch;
      const stored = await read();
      if (!held && began === epoch) held = stored;
    }
    return held;
  }

  async function calm(): Promise<void> {
    while (move) await move;
  }

  async function keep(answer: TokenAnswer, at: number): Promise<Tokens> {
    const tokens = {
      access: answer.access_token,
      refresh: answer.refresh_token,
      session: answer.session_id,
      ttl: answer.expires_in,
      at,
    };
    take(tokens);
    await write(tokens);
    return tokens;
  }

  async function end(reason: SignedOutReason): Promise<void> {
    take(null);
    why = reason;
    const cleared = write(null);
    for (const listener of listeners) {
      try {
        listener(why, signedOut());
      } catch (error) {
        // The mistake of a page keeps the news from nobody, and is not hidden.
        setTimeout(() => {
          throw error;
        });
      }
    }
    await cleared;
  }

  async function exchange(refresh_token: string): Promise<TokenAnswer> {
    return dataOf(await send(api("/v1/token/refresh", { refresh_token }, { urgent: true })));
  }

  async function refresh(old: Tokens): Promise<Tokens> {
    let mine = old;
    for (let tries = 0; ; tries += 1) {
      // Another tab, or another copy of this library, may have done it already.
      mine = (await otherThan(mine)) || mine;
      // Signed out, or somebody else in.
      if (held !== old) return holding();
      if (mine !== old && isFresh(mine)) {
        take(mine);
        return mine;
      }
      const at = Date.now();
      try {
        const answer = await exchange(mine.refresh);
        return held === old ? await keep(answer, at) : holding();
      } catch (error) {
        if (held === old) await survive(error, mine, tries);
        if (held !== old) return holding();
      }
    }
  }

  /** Waits for the next try of a refresh, or throws why there is none. */
  async function survive(error: unknown, mine: Tokens, tries: number): Promise<void> {
    if (isOver(error)) {
      // Refused may be a token that somebody else has exchanged before.
      if (tries < PAUSES.length && (await otherThan(mine))) return;
      const word = error.code.split("_")[2] as SignedOutReason;
      await end(error.reason || word || "signed_out");
      throw signedOut(error);
    }
    const { retryable, retry_after } = error as MenshenError;
    const wait = PAUSES[tries] && (retry_after ? retry_after * 1000 : PAUSES[tries]);
    if (!retryable || !wait || wait > LONGEST_PAUSE) throw error;
    await pause(wait);
  }

  async function renew(old: Tokens, inside?: boolean): Promise<Tokens> {
    // Not `calm()`: no change may begin between this and the flight.
    while (move && !inside) await move;
    if (held !== old) return holding();
    if (!flight || flight.of !== old) {
      const work = () => refresh(old);
      const mine = { of: old, done: platform.exclusively ? platform.exclusively(work) : work() };
      flight = mine;
      const over = () => {
        if (flight === mine) flight = undefined;
      };
      // Where the service has said when to come back, all calls get its answer until then.
      mine.done.then(over, ({ retry_after }) =>
        retry_after ? pause(retry_after * 1000).then(over) : over(),
      );
    }
    return flight.done;
  }

  async function usable(inside?: boolean): Promise<Tokens> {
    let tokens = await current();
    // A page that asks while the app is still signing in.
    while (!tokens && move && !inside) {
      await move;
      tokens = await current();
    }
    if (!tokens) throw signedOut();
    if (isFresh(tokens) && !(flight && flight.of === tokens)) return tokens;
    try {
      return await renew(tokens, inside);
    } catch (error) {
      // Ahead of its time, a refresh may fail: the token is still good.
      if (held === tokens && lives(tokens, 0)) return tokens;
      throw error;
    }
  }

  return {
    id: () => held && held.session,
    onEnd(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    current,
    usable,
    renew,
    change<T>(work: () => Promise<T>) {
      const before = Promise.all([settled(move), settled(flight && flight.done)]);
      const done = before.then(work);
      const mine = settled(done).then(() => {
        if (move === mine) move = undefined;
      });
      move = mine;
      return done;
    },
    calm,
    keep,
    end,
    exchange,
    take,
  };
}
