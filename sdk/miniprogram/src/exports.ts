// What both entries have.

export type { ErrorCode, LocalCode, ServerCode, SignedOutReason } from "./core/codes";
export type {
  Bound,
  ClientType,
  Closed,
  CodeSent,
  Device,
  FieldFault,
  Identity,
  LoggedOut,
  LoginOptions,
  ProfileChange,
  SignedIn,
  User,
} from "./core/data";
export { type DetailsByCode, type ErrorDetail, MenshenError } from "./core/errors";
export type {
  ClientOptions,
  Menshen,
  PhoneProof,
  RequestOptions,
  RequestResult,
} from "./core/menshen";
export type { Language } from "./core/messages";
