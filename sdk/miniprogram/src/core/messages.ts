import type { LocalCode, ProgramCode, SignedOutReason } from "./codes";

export type Language = "zh" | "en";

type Subject = LocalCode | ProgramCode | SignedOutReason;

/** The service writes most messages; these are for what happens here: Chinese, English. */
const TEXTS: Partial<Record<Subject, [string, string]>> = {
  network_error: ["网络异常，请重试", "Network problem; try again"],
  bad_answer: ["服务暂不可用，请稍后再试", "Try again later"],
  phone_denied: ["请改用短信验证码", "Use an SMS code"],
  privacy_refused: ["请先同意隐私保护指引", "Agree to the privacy terms first"],
  never: ["请先登录", "Sign in first"],
  expired: ["登录已失效，请重新登录", "Signed out; sign in again"],
  replaced: ["账号已在其他设备登录", "Signed in on another device"],
};

/** The text of a subject, or of the one that it is a kind of. */
export function textOf(subject: Subject, language: Language, kind: Subject): string {
  return (TEXTS[subject] || (TEXTS[kind] as [string, string]))[language === "en" ? 1 : 0];
}
