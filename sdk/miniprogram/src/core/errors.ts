import type { ErrorCode, SignedOutReason } from "./codes";
import type { FieldFault } from "./data";

/** What is known of a failure, with the names that the HTTP API has. */
export interface ErrorDetail {
  /** For programs: it does not change. */
  code: ErrorCode | (string & {});
  /** For people, in Chinese or English: fit to show as it is. */
  message: string;
  /** The HTTP status; 0 where there was no answer. */
  status: number;
  /** Whether the same call may go well a little later. */
  retryable: boolean;
  /** Names the request in the log of the service: quote it when you ask for help. */
  request_id?: string;
  /** Seconds to wait before the next try. */
  retry_after?: number;
  /** Tries that are left for a verification code. */
  attempts_left?: number;
  /** What is wrong with which member of the request. */
  errors?: FieldFault[];
  /** Why nobody is signed in; only there when that is what happened. */
  reason?: SignedOutReason;
  /** The ways to prove who is there. */
  methods?: ("sms" | "wechat")[];
  /** The version of the terms to agree to. */
  version?: string;
  /** When the account will be erased (RFC 3339). */
  purge_at?: string;
  /** The body of an answer, as it came. */
  data?: unknown;
}

/** What comes with a code, for `MenshenError.is`. */
export interface DetailsByCode {
  invalid_request: { errors: FieldFault[] };
  sms_code_incorrect: { attempts_left: number };
  consent_required: { version: string };
  account_cancelling: { purge_at: string };
  step_up_required: { methods: ("sms" | "wechat")[] };
  identity_confirmation_required: { methods: ("sms" | "wechat")[] };
  session_revoked: { reason: SignedOutReason };
  token_missing: { reason: SignedOutReason };
  sms_too_frequent: { retry_after: number };
  sms_limit_reached: { retry_after: number };
  sms_code_locked: { retry_after: number };
  rate_limited: { retry_after: number };
  wechat_busy: { retry_after: number };
}

type DetailsOf<C> = C extends keyof DetailsByCode ? DetailsByCode[C] : unknown;

/** Any failure of a call. */
export class MenshenError extends Error implements ErrorDetail {
  declare code: ErrorDetail["code"];
  declare status: number;
  declare retryable: boolean;
  declare request_id?: string;
  declare retry_after?: number;
  declare attempts_left?: number;
  declare errors?: FieldFault[];
  declare reason?: SignedOutReason;
  declare methods?: ("sms" | "wechat")[];
  declare version?: string;
  declare purge_at?: string;
  declare data?: unknown;

  constructor(detail: Pick<ErrorDetail, "code" | "message"> & Partial<ErrorDetail>) {
    super(detail.message);
    // The developer tools may turn classes into functions, which lose this.
    Object.setPrototypeOf(this, MenshenError.prototype);
    Object.assign(this, { name: "MenshenError", status: 0, retryable: false }, detail);
  }

  /** Whether it is one of these; then what comes with the code is known, too. */
  is<C extends ErrorCode>(...codes: C[]): this is MenshenError & { code: C } & DetailsOf<C> {
    return (codes as string[]).includes(this.code);
  }
}
