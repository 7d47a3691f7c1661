import assert from "node:assert/strict";
import type { MenshenError } from "../../src/index";

/** The error of a call that must not go well. */
export function failure(call: Promise<unknown>): Promise<MenshenError> {
  return call.then(
    () => assert.fail("it went well"),
    (error) => error,
  );
}
