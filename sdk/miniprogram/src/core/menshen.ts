import type { SignedOutReason } from "./codes";
import type {
  Bound,
  Closed,
  CodeSent,
  Device,
  LoggedOut,
  LoginOptions,
  ProfileChange,
  SignedIn,
  User,
} from "./data";
import type { MenshenError } from "./errors";
import type { Language } from "./messages";

/** What every client is made with. */
export interface ClientOptions {
  /** Where the service is, such as `https://login.example.com`. */
  baseUrl: string;
  /** Where your own backend is: `request` takes paths of it. */
  apiUrl?: string;
  /** The WeChat application, where several of the kind are configured. */
  appId?: string;
  /** In which language people are told; `zh` by default. */
  language?: Language;
  /** Milliseconds to wait for an answer; 15 000 by default. */
  timeout?: number;
  /** Under which name the session is kept, for two services in one app; `menshen` by default. */
  storageKey?: string;
  /** What people call this device in their list of devices, in place of its model. */
  deviceName?: string;
  /** Is told when the session cannot be stored: it then lasts until the app is closed. */
  onStorageFailure?: (error: unknown) => void;
}

/** What `request` takes: what `wx.request` does, without its callbacks. */
export interface RequestOptions {
  /** A path of `apiUrl`, with its slash, or an address below it or below `baseUrl`. */
  url: string;
  /** There is no PATCH in a mini-program. */
  method?: "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS";
  /** The query of a GET, the body of all others: JSON, unless it is text or bytes. */
  data?: object | string | ArrayBuffer;
  header?: Record<string, string>;
  /** Milliseconds. */
  timeout?: number;
  /** `false` sends no token; then any address will do. */
  auth?: boolean;
}

export interface RequestResult<T> {
  statusCode: number;
  data: T;
  header: Record<string, string>;
}

/** A number, and the digits that were sent to it. */
export interface PhoneProof {
  phone: string;
  code: string;
}

/**
 * A client of the service. Each method fails with a `MenshenError`, and with nothing
 * else. Equal calls at the same time are one: a second tap is no second login.
 */
export interface Menshen {
  /** The account as it was last seen since the app was started. */
  readonly user: User | null;

  /** Whether somebody is signed in, as far as this device knows. */
  signedIn(): Promise<boolean>;

  /**
   * Calls back when the session ends, with the reason and an error whose message is
   * fit to show. Answers a function that ends it.
   */
  onSignedOut(listener: (reason: SignedOutReason, error: MenshenError) => void): () => void;

  /** An access token to send by other means: an upload, a socket. */
  token(): Promise<string>;

  /** A call of your own backend, or of the service, as the person who is signed in. */
  request<T = unknown>(options: RequestOptions): Promise<RequestResult<T>>;

  /**
   * Sends a verification code, to sign in or, with `bind_phone`, to bind the number.
   * Which message it was is remembered for what follows.
   *
   * Fails with `captcha_required` where a captcha must come with it, and `captcha_invalid`
   * where it was none: show the captcha of your service, and call again with what it gave.
   */
  sendCode(
    phone: string,
    purpose?: "login" | "bind_phone",
    more?: { captcha?: string },
  ): Promise<CodeSent>;

  /** Sends a code for `stepUp`, to the account's own number. */
  sendStepUpCode(more?: { captcha?: string }): Promise<CodeSent>;

  /** Signs in with a phone number and the code that was sent to it. */
  loginWithCode(phone: string, code: string, options?: LoginOptions): Promise<SignedIn>;

  /** Signs in with a code of WeChat's OAuth2 consent, in a native app or on a website. */
  loginWithOAuth(code: string, options?: LoginOptions): Promise<SignedIn>;

  /** Binds a phone number, or changes it, with the code sent for `bind_phone`. */
  bindPhone(proof: PhoneProof): Promise<Bound>;

  /** Proves again who is there, with the code of `sendStepUpCode`: good for `valid_for` seconds. */
  stepUp(code: string): Promise<{ valid_for: number }>;

  /** The account. */
  me(): Promise<User>;

  /** Edits the profile; answers the account. */
  updateMe(change: ProfileChange): Promise<User>;

  /**
   * Makes a picture the avatar: PNG, JPEG or WebP of at most 1 MiB. In a mini-program the
   * path that `chooseAvatar` gives, in a browser a `File` or `Blob`. Answers the account.
   */
  uploadAvatar(file: string | Blob): Promise<User>;

  /** The devices that the person is signed in on, newest first. */
  devices(): Promise<Device[]>;

  /** Signs a device out. */
  signOutDevice(id: string): Promise<{ ended: number }>;

  /**
   * Signs out: `this` device, the `others`, or `all`. This device is signed out at
   * once, whether or not the service can be told; others only by its word.
   */
  logout(scope?: "this" | "others" | "all"): Promise<LoggedOut>;

  /**
   * Closes the account and signs out everywhere. Until `purge_at` a login fails with
   * `account_cancelling`, and one with `restore` takes the closing back. It may need
   * a step-up first.
   */
  closeAccount(): Promise<Closed>;
}
