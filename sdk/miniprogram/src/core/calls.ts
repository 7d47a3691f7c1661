import type { LocalCode, ProgramCode } from "./codes";
import { type ErrorDetail, MenshenError } from "./errors";
import { lanes } from "./lanes";
import { type Language, textOf } from "./messages";
import type { HttpAnswer, HttpRequest, Platform } from "./platform";
import { randomName } from "./random";
import { pause } from "./waiting";

/** A request before it is sent. */
export interface Call extends Omit<HttpRequest, "header" | "timeout"> {
  header?: Record<string, string> | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
  /** Takes no lane: others hold theirs while they wait for this one. */
  urgent?: boolean;
  /** How often it is sent again when its answer is lost; else once where it only reads. */
  repeats?: number;
}

/** Sends requests, and makes of answers what callers expect: data or an error. */
export interface Calls {
  /** A call of the service's own API, a POST unless told otherwise. */
  api(path: string, data?: object, more?: Partial<Call>): Call;
  /**
   * Any answer, whatever its status. The token is asked for when it is about to be
   * sent, and `refused` is told before others that wait ask for theirs.
   */
  send(call: Call, token?: () => Promise<string>, refused?: () => void): Promise<HttpAnswer>;
  /** An answer that is no failure. */
  fine(answer: HttpAnswer): HttpAnswer;
  /** The data of the service's envelope. */
  dataOf<T>(answer: HttpAnswer): T;
  /** A failure of what happens here. */
  failed(code: LocalCode | ProgramCode, more?: Partial<ErrorDetail>): MenshenError;
}

/** Milliseconds: later, the service may not take a repeat for what it is. */
const REPEAT_WITHIN = 50_000;

const LATER = /408|429|50[34]/;

export function openCalls(
  platform: Platform,
  baseUrl: string,
  language: Language,
  timeout: number,
): Calls {
  const inLane = lanes(platform.maxRequests);

  const failed: Calls["failed"] = (code, more) => {
    const message = textOf(code, language, "network_error");
    return new MenshenError({ code, message, retryable: true, ...more });
  };

  const send: Calls["send"] = async (call, token, refused) => {
    const began = Date.now();
    for (let tries = 0; ; tries += 1) {
      const request_id = randomName();
      const attempt = async () => {
        const header = {
          ...call.header,
          "accept-language": language,
          "x-request-id": request_id,
          ...(token && { authorization: `Bearer ${await token()}` }),
        };
        const limit = call.timeout || timeout;
        const answer = await platform.send({ ...call, header, timeout: limit } as HttpRequest);
        if (refused && answer.statusCode === 401) refused();
        return answer;
      };
      try {
        return await (call.urgent ? attempt() : inLane(attempt));
      } catch (reason) {
        if (reason instanceof MenshenError) throw reason;
        const repeats = call.repeats || (call.method === "GET" ? 1 : 0);
        if (tries >= repeats || Date.now() - began > REPEAT_WITHIN)
          throw failed(reason as LocalCode, { request_id });
        await pause(300);
      }
    }
  };

  function failure({ statusCode: status, data, header }: HttpAnswer): MenshenError {
    const said = (data || {}) as Partial<ErrorDetail>;
    // A captive portal answers everything with 200, a gateway with a page of its own.
    const ours = status >= 400 && typeof said.code === "string";
    const wait = Number(header["Retry-After"] || header["retry-after"]);
    return failed("bad_answer", {
      ...(wait && { retry_after: wait }),
      ...(ours && said),
      status,
      data,
      // 502 with a code of the service is a setting that is wrong.
      retryable: status < 400 || LATER.test(`${status}`) || (status === 502 && !ours),
    });
  }

  function fine(answer: HttpAnswer): HttpAnswer {
    if (answer.statusCode < 400) return answer;
    throw failure(answer);
  }

  return {
    api: (path, data, more) => ({ method: "POST", url: baseUrl + path, data, ...more }),
    send,
    fine,
    dataOf<T>(answer: HttpAnswer): T {
      const body = fine(answer).data as { code?: string; data?: T } | null;
      if (body && body.code === "ok" && body.data) return body.data;
      throw failure(answer);
    },
    failed,
  };
}
