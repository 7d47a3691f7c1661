import { type Call, type Calls, openCalls } from "./calls";
import type {
  Bound,
  Closed,
  CodeSent,
  Device,
  LoggedOut,
  LoginOptions,
  SignedIn,
  TokenAnswer,
  User,
} from "./data";
import type { MenshenError } from "./errors";
import type { ClientOptions, Menshen, PhoneProof, RequestOptions } from "./menshen";
import type { HttpAnswer, Platform } from "./platform";
import { randomName } from "./random";
import { isOver, openSession, type Session } from "./session";
import { openVault, type Tokens, type Vault } from "./vault";

/** What proves who is there: fetched right before it is sent. */
export type Proof = () => object | Promise<object>;

/** The client, and what platforms add to it from. */
export interface Core {
  made: Menshen;
  failed: Calls["failed"];
  /** Shares one answer among equal calls at once. */
  once<T>(what: unknown, work: () => Promise<T>): Promise<T>;
  /** A login; a `renewable` proof of WeChat's that is refused is fetched once more. */
  signIn(
    path: string,
    proof: Proof,
    options?: LoginOptions,
    renewable?: boolean,
  ): Promise<SignedIn>;
  /** A login with an SMS code, and a WeChat identity to link. */
  enterCode(phone: string, code: string, options?: LoginOptions, wechat?: Proof): Promise<SignedIn>;
  /** A binding, which may answer with another session. */
  bind(path: string, proof: Proof, renewable?: boolean): Promise<Bound>;
  stepUp(proof: Proof, renewable?: boolean): Promise<{ valid_for: number }>;
  state: Session;
  vault: Vault;
}

export function createCore(platform: Platform, options: ClientOptions): Core {
  const bare = (url: string) => url.replace(/\/+$/, "");
  const baseUrl = bare(options.baseUrl);
  const apiUrl = bare(options.apiUrl || baseUrl);
  const { language = "zh", timeout = 15_000, storageKey = "menshen", deviceName } = options;
  const calls = openCalls(platform, baseUrl, language, timeout);
  const { api, send, fine, dataOf, failed } = calls;
  const vault = openVault(platform.store, storageKey, options.onStorageFailure || (() => {}));
  const session = openSession(platform, calls, vault, language);
  const { id, onEnd, current, usable, renew, change, calm, keep, end, exchange } = session;
  const running = new Map<string, Promise<unknown>>();
  const challenges = new Map<string, string>();
  let known: { user: User; of: string | null } | undefined;

  function remember(user: User): User {
    known = { user, of: id() };
    return user;
  }

  /** Sends a call with a token; refused, once more with the next. */
  async function authorised(call: Call, inside?: boolean): Promise<HttpAnswer> {
    let used: Tokens;
    let renewal: Promise<unknown> | undefined;
    const token = async () => {
      used = await usable(inside);
      return used.access;
    };
    const answer = await send(call, token, () => {
      renewal = renew(used, inside);
    });
    if (!renewal) return answer;
    await renewal;
    // Nothing was done, so this is no second time.
    return send(call, token);
  }

  /** A call about the account of the person who is signed in: a GET unless told otherwise. */
  async function own<T>(path: string, method = "GET", more?: Partial<Call>): Promise<T> {
    return dataOf(await authorised(api(`/v1/me${path}`, undefined, { method, ...more })));
  }

  function proven<T>(
    proof: Proof,
    renewable: boolean | undefined,
    post: (shown: object) => Promise<HttpAnswer>,
  ): Promise<T> {
    const attempt = async () => dataOf<T>(await post(await proof()));
    return attempt().catch((error: MenshenError) => {
      if (renewable && error.code === "wechat_code_invalid") return attempt();
      throw error;
    });
  }

  async function enter(answer: TokenAnswer, asked: number): Promise<SignedIn> {
    await keep(answer, asked);
    remember(answer.user);
    const { access_token, refresh_token, ...rest } = answer;
    return { not_attached: [], ...rest };
  }

  const once: Core["once"] = (what, work) => {
    const name = JSON.stringify(what);
    let done = running.get(name) as ReturnType<typeof work> | undefined;
    if (!done) {
      done = work();
      running.set(name, done);
      const forget = () => running.delete(name);
      done.then(forget, forget);
    }
    return done;
  };

  const signIn: Core["signIn"] = (path, proof, { consent, restore } = {}, renewable) =>
    change(async () => {
      const client = {
        type: platform.kind,
        // A later login of this installation takes the session's place.
        device_id: await vault.device(),
        ...platform.describe(),
        ...(deviceName && { device_name: deviceName }),
      };
      const asked = Date.now();
      const answer = await proven<TokenAnswer>(proof, renewable, (shown) => {
        const body = { ...shown, client, restore, consent: consent && { version: consent } };
        const header = { "idempotency-key": randomName() };
        return send(api(path, body, { header, repeats: 2, urgent: true }));
      });
      return enter(answer, asked);
    });

  const bind: Core["bind"] = async (path, proof, renewable) => {
    await usable();
    return change(async () => {
      const asked = Date.now();
      const post = (shown: object) => authorised(api(path, shown, { urgent: true }), true);
      const bound = await proven<TokenAnswer & Bound>(proof, renewable, post);
      if (bound.access_token) await enter(bound, asked);
      return { user: remember(bound.user), merged: bound.merged };
    });
  };

  const stepUp: Core["stepUp"] = (proof, renewable) =>
    proven(proof, renewable, (shown) => authorised(api("/v1/me/step-up", shown)));

  const sendCode = (purpose: string, phone?: string, more?: object) =>
    once([purpose, phone], async () => {
      const body = { phone, purpose, client_type: platform.kind, ...more };
      const call = api("/v1/sms/codes", body);
      const answer = purpose === "login" ? send(call) : authorised(call);
      const sent = dataOf<CodeSent>(await answer);
      challenges.set(purpose + phone, sent.challenge_id);
      return sent;
    });

  /** With the name of the message, so that others cannot use up its tries. */
  const smsProof = ({ phone, code }: PhoneProof, purpose: string) => ({
    phone,
    code,
    challenge_id: challenges.get(purpose + phone),
  });

  const enterCode: Core["enterCode"] = (phone, code, more, wechat) => {
    const sms = smsProof({ phone, code }, "login");
    const proof = async () => ({ ...sms, wechat: wechat && (await wechat()) });
    return once([phone, code, more], () => signIn("/v1/login/sms", proof, more, !!wechat));
  };

  /** A token goes to the service and to your backend, and never anywhere else. */
  function addressOf({ url, auth }: RequestOptions): string {
    const address = url[0] === "/" ? apiUrl + url : url;
    const below = (base: string) => address.startsWith(`${base}/`);
    if (auth === false || below(apiUrl) || below(baseUrl)) return address;
    const message = `${url} is not below apiUrl`;
    throw failed("foreign_address", { message, retryable: false });
  }

  const told = (answer: HttpAnswer): LoggedOut => ({
    ...dataOf<{ ended: number }>(answer),
    confirmed: true,
  });

  const made: Menshen = {
    get user() {
      // Another tab may have signed somebody else in.
      return known && known.of === id() ? known.user : null;
    },
    signedIn: async () => !!(await current()),
    onSignedOut: onEnd,
    token: async () => (await usable()).access,
    async request<T>(request: RequestOptions) {
      const call = { ...request, method: request.method || "GET", url: addressOf(request) };
      const answer = await (call.auth === false ? send(call) : authorised(call));
      return fine(answer) as HttpAnswer & { data: T };
    },
    sendCode: (phone, purpose = "login", more) => sendCode(purpose, phone, more),
    sendStepUpCode: (more) => sendCode("step_up", undefined, more),
    loginWithCode: enterCode,
    loginWithOAuth: (code, more) =>
      once([code, more], () =>
        signIn("/v1/login/wechat-oauth", () => ({ code, app_id: options.appId }), more),
      ),
    bindPhone: (proof) =>
      once(proof, () => bind("/v1/me/phone", () => smsProof(proof, "bind_phone"))),
    stepUp: (code) => stepUp(() => ({ code, challenge_id: challenges.get("step_upundefined") })),
    me: async () => remember(await own("")),
    // `wx.request` has no PATCH, and the service knows that.
    updateMe: async (data) =>
      remember(await own("", "POST", { data, header: { "x-http-method-override": "PATCH" } })),
    uploadAvatar: async (filePath) => remember(await own("/avatar", "POST", { filePath })),
    devices: async () => (await own<{ sessions: Device[] }>("/sessions")).sessions,
    signOutDevice: (id) => own(`/sessions/${encodeURIComponent(id)}`, "DELETE"),
    async closeAccount() {
      const closed = await own<Closed>("", "DELETE");
      await end("cancelled");
      return closed;
    },
    async logout(scope = "this") {
      const call = api("/v1/logout", { scope }, { repeats: 1, urgent: true });
      if (scope !== "this") {
        const done = told(await authorised(call));
        if (scope === "all") await end("logout");
        return done;
      }
      await calm();
      const tokens = await current();
      if (!tokens) return { ended: 0, confirmed: true };
      await end("logout");
      try {
        // With tokens that nobody else uses any more.
        let answer = await send(call, async () => tokens.access);
        if (answer.statusCode === 401) {
          const next = await exchange(tokens.refresh);
          answer = await send(call, async () => next.access_token);
        }
        return told(answer);
      } catch (error) {
        return { ended: 0, confirmed: isOver(error) };
      }
    },
  };
  return { made, failed, once, signIn, enterCode, bind, stepUp, state: session, vault };
}
