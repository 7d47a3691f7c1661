import { createClient } from "menshen-sdk/web";

/** One client for the whole page. */
export const open = (baseUrl) => createClient({ baseUrl });

/** WeChat's page with the QR code; it comes back to `here` with a code. */
export function qrCodePage(appId, here) {
  const state = crypto.randomUUID();
  sessionStorage.setItem("wechat-state", state);
  const query = new URLSearchParams({
    appid: appId,
    redirect_uri: here,
    response_type: "code",
    scope: "snsapi_login",
    state,
  });
  return `https://open.weixin.qq.com/connect/qrconnect?${query}#wechat_redirect`;
}

/** Back from WeChat: signs in, where this browser has asked for it. */
export async function backFromWeChat(menshen, address) {
  const here = new URL(address);
  const { code, state } = Object.fromEntries(here.searchParams);
  const asked = sessionStorage.getItem("wechat-state");
  sessionStorage.removeItem("wechat-state");
  // The code stays neither in the address nor in the history.
  history.replaceState(null, "", here.pathname);
  if (!asked || state !== asked) throw new Error("请重新扫码");
  return menshen.loginWithOAuth(code);
}
