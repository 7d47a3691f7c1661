// The simulator under test, and the lines that say what a client did with it.

import { createRequire } from "node:module";

export const BASE = process.env.MENSHEN_SIMULATOR; // http://127.0.0.1:PORT
export const HOST = new URL(BASE).host;

const require = createRequire(import.meta.url);
let failed = false;

/** Asks the control API: what a phone in a hand would do. */
export async function control(path, body) {
  const options = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const answer = await fetch(`${BASE}/control/${path}`, { ...options, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  return answer.json();
}

/** The messages that a number got, newest first. */
export const inbox = (phone) => control(`sms?phone=${encodeURIComponent(phone)}`);

/** A package's name with its version. */
export function named(name) {
  const { version } = require(`${process.env.MENSHEN_INTEROP_MODULES}/${name}/package.json`);
  return `${name} ${version}`;
}

/** Does one thing with a client and prints its line; `act` answers what came of it, or throws. */
export async function step(client, what, act) {
  try {
    console.log(`ok    ${client.padEnd(36)} ${what.padEnd(34)} ${await act()}`);
  } catch (error) {
    failed = true;
    console.log(`FAIL  ${client.padEnd(36)} ${what.padEnd(34)} ${error.message}`);
    console.error(error);
  }
}

/** What `code` reads from the error that `act` must end in. */
export async function refused(act, code) {
  let answer;
  try {
    answer = await act();
  } catch (error) {
    return code(error);
  }
  throw new Error(`accepted: ${JSON.stringify(answer)}`);
}

/** What was found, if it is what was wanted. */
export function expect(found, wanted) {
  if (found !== wanted) throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  return found;
}

/** Ends the process, 1 if anything failed. */
export const finish = () => process.exit(failed ? 1 : 0);
