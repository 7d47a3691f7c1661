// The files of a website, served.

import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

export class Website {
  /** Replaces what it would be configured with. */
  edit = (source: string): string => source;
  private readonly server: http.Server;
  origin = "";

  private constructor(folder: string) {
    this.server = http.createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://site").pathname);
      const file = join(folder, path === "/" ? "index.html" : path);
      try {
        const source = this.edit(readFileSync(file, "utf8"));
        response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" });
        response.end(source);
      } catch {
        // Browsers ask for an icon, whether there is one or not.
        response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
      }
    });
  }

  static async of(folder: string): Promise<Website> {
    const site = new Website(folder);
    await new Promise<void>((done) => site.server.listen(0, "127.0.0.1", done));
    site.origin = `http://127.0.0.1:${(site.server.address() as AddressInfo).port}`;
    return site;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections?.();
  }
}
