// The library as it is published: the minified file, loaded as WeChat loads it.

import { readFileSync } from "node:fs";
import type * as Sdk from "../../src/index";
import type { MiniProgram, MiniProgramOptions } from "../../src/index";
import type * as Web from "../../src/web";
import { Network } from "./network";
import type { Phone } from "./phone";
import { Service } from "./server";

/** Loads a CommonJS file with globals of its own. */
export function load<T>(path: string, globals: Record<string, unknown>): T {
  const module = { exports: {} };
  const names = ["module", "exports", ...Object.keys(globals)];
  const run = new Function(...names, readFileSync(path, "utf8"));
  run(module, module.exports, ...Object.values(globals));
  return module.exports as T;
}

/** What `require("menshen-sdk")` gives in a mini-program. */
export function native(phone: Phone): typeof Sdk {
  return load("miniprogram_dist/index.js", {
    wx: phone.wx,
    Date: phone.clock,
    setTimeout: phone.soon,
  });
}

/** What `import "menshen-sdk/web"` gives. */
export function web(globals: Record<string, unknown> = {}): typeof Web {
  return load("dist/web.cjs", globals);
}

/** A service, with a network in front of it. */
export async function stage(
  settings: Record<string, string> = {},
): Promise<{ service: Service; network: Network; strike: () => void }> {
  const service = await Service.start(settings);
  const network = await Network.to(service.url);
  const strike = () => {
    network.close();
    service.stop();
  };
  return { service, network, strike };
}

/** An app that was just started on a phone. */
export function start(
  phone: Phone,
  network: Network,
  options: Partial<MiniProgramOptions> = {},
): MiniProgram {
  return native(phone).createClient({ baseUrl: network.url, ...options });
}
