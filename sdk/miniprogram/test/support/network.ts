// The network between phone and service: it counts, and it fails on purpose.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "./until";

export interface Seen {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
  /** As it came. */
  bytes: Buffer;
  /** What the service, or the network in its place, has answered. */
  status?: number;
}

/** What happens to a request. */
export type Fate =
  /** The service gets it, and its answer is lost. */
  | "answer lost"
  /** It does not arrive. */
  | "unreachable"
  /** Somebody else answers, perhaps after a while. */
  | { status: number; headers?: Record<string, string>; body: string; after?: Promise<unknown> }
  /** It arrives when the promise is fulfilled. */
  | { arrivesAfter: Promise<unknown> }
  /** Its answer comes when the promise is fulfilled. */
  | { answeredAfter: Promise<unknown> };

interface Rule {
  matches: (seen: Seen) => boolean;
  fate: Fate;
  times: number;
}

export class Network {
  readonly seen: Seen[] = [];
  private rules: Rule[] = [];
  private readonly server: http.Server;
  url = "";

  private constructor(private readonly target: string) {
    this.server = http.createServer((request, response) => void this.handle(request, response));
  }

  static async to(target: string): Promise<Network> {
    const network = new Network(target);
    await new Promise<void>((done) => network.server.listen(0, "127.0.0.1", done));
    network.url = `http://127.0.0.1:${(network.server.address() as AddressInfo).port}`;
    return network;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections?.();
  }

  /** From now on, so many requests to this path have this fate. */
  plan(path: string, fate: Fate, times = 1): void {
    // What a browser asks before it sends is not the request.
    const matches = ({ path: asked, method }: Seen) =>
      asked.split("?")[0] === path && method !== "OPTIONS";
    this.rules.push({ matches, fate, times });
  }

  /** Everything goes through again. */
  heal(): void {
    this.rules = [];
  }

  to(path: string): Seen[] {
    return this.seen.filter((seen) => seen.path.split("?")[0] === path);
  }

  get refreshes(): Seen[] {
    return this.to("/v1/token/refresh");
  }

  /** Waits until so many requests to a path have arrived. */
  arrived(path: string, count = 1): Promise<boolean> {
    return until(
      () => this.to(path).length >= count,
      () => `${path} was asked ${this.to(path).length} times of ${count}`,
    );
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen: Seen = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      bytes: Buffer.concat(chunks),
    };
    this.seen.push(seen);
    const rule = this.rules.find((rule) => rule.times > 0 && rule.matches(seen));
    if (rule) rule.times -= 1;
    const fate = rule?.fate;
    if (fate === "unreachable") return request.socket.destroy();
    if (typeof fate === "object" && "status" in fate) {
      await fate.after;
      seen.status = fate.status;
      response.writeHead(fate.status, fate.headers).end(fate.body);
      return;
    }
    if (typeof fate === "object" && "arrivesAfter" in fate) await fate.arrivesAfter;
    const { status, headers, body } = await this.forward(seen);
    seen.status = status;
    if (fate === "answer lost") return request.socket.destroy();
    if (typeof fate === "object" && "answeredAfter" in fate) await fate.answeredAfter;
    response.writeHead(status, headers).end(body);
  }

  private forward(seen: Seen) {
    return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>(
      (resolve, reject) => {
        const onward = http.request(
          this.target + seen.path,
          { method: seen.method, headers: seen.headers, agent: false },
          async (answer) => {
            const chunks: Buffer[] = [];
            for await (const chunk of answer) chunks.push(chunk as Buffer);
            const { statusCode: status = 0, headers } = answer;
            delete headers["transfer-encoding"];
            resolve({ status, headers, body: Buffer.concat(chunks) });
          },
        );
        onward.on("error", reject);
        onward.end(seen.bytes);
      },
    );
  }
}

/** A promise that is fulfilled by hand. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { opened, open };
}
