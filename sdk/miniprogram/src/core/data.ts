// What the service sends and takes, with the names that its HTTP API has.

/** A WeChat identity of the account. */
export interface Identity {
  id: string;
  provider: "wechat_mini_program" | "wechat_app" | "wechat_website";
  app_id: string;
  linked_at: string;
}

/** The account. */
export interface User {
  id: string;
  /** E.164, such as `+8613800138000`. */
  phone: string | null;
  /** Fit to show: `138****8000`. */
  phone_masked: string | null;
  nickname: string;
  avatar_url: string | null;
  /** `YYYY-MM-DD`. */
  birthday: string | null;
  bio: string | null;
  identities: Identity[];
  created_at: string;
  updated_at: string;
  last_login_at: string;
}

/** What a login answers, without its tokens: those stay in here. */
export interface SignedIn {
  user: User;
  session_id: string;
  /** The login has made the account. */
  is_new_user?: boolean;
  /** The deployment asks for a phone number that the account lacks: `bindPhone` is next. */
  phone_required: boolean;
  /** What the account did not take in, because it holds another one. */
  not_attached: ("phone" | "wechat")[];
}

/** What a binding answers. */
export interface Bound {
  user: User;
  /** Two accounts became one; `user` is the one that stayed. */
  merged: boolean;
}

/** What closing the account answers. */
export interface Closed {
  /** When it is erased for good (RFC 3339); until then a login with `restore` takes it back. */
  purge_at: string;
}

/** A code that is on its way. */
export interface CodeSent {
  challenge_id: string;
  phone_masked: string;
  /** Seconds until the code expires. */
  expires_in: number;
  /** Seconds until it may be asked for again: show a countdown. */
  resend_after: number;
}

/** A device that the person is signed in on. */
export interface Device {
  id: string;
  client_type: ClientType;
  device_name: string | null;
  created_at: string;
  last_seen_at: string;
  /** With its host part hidden. */
  address: string;
  /** This very device. */
  current: boolean;
}

/** What signing out came to. */
export interface LoggedOut {
  /** How many sessions have ended. */
  ended: number;
  /** Whether the service has said so; without it, the session there ends by itself. */
  confirmed: boolean;
}

/** Changes of the profile: what is left out stays, `null` clears. */
export interface ProfileChange {
  nickname?: string | null;
  avatar_url?: string | null;
  birthday?: string | null;
  bio?: string | null;
}

export type ClientType = "mini_program" | "app" | "web";

/** What a code is for. */
export type CodePurpose = "login" | "bind_phone" | "step_up";

/** What every login takes. */
export interface LoginOptions {
  /** The version of the terms that the person has agreed to. */
  consent?: string;
  /** Take the closing of the account back. */
  restore?: boolean;
}

/** A member of a request that is wrong. */
export interface FieldFault {
  field: string;
  code: string;
  message: string;
}

/** The body of a login or a refresh. */
export interface TokenAnswer {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  session_id: string;
  phone_required: boolean;
  is_new_user?: boolean;
  not_attached?: ("phone" | "wechat")[];
  user: User;
}
