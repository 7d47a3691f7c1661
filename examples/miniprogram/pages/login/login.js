const menshen = require("../../menshen");
const attempt = require("../../attempt");
const ask = require("../../ask");
const day = require("../../day");

Page({
  data: { busy: false, closed: "" },

  onLoad({ closed }) {
    if (closed) this.setData({ closed: day(decodeURIComponent(closed)) });
  },

  oneTap() {
    return this.enter((more) => menshen.login(more));
  },

  phoneButton(event) {
    return this.enter((more) => menshen.loginWithPhone(event, more));
  },

  withCode({ detail: { phone, code } }) {
    return this.enter((more) => menshen.loginWithCode(phone, code, more));
  },

  enter(login) {
    return attempt(this, async () => {
      const { phone_required } = await this.insist(login);
      wx.reLaunch({ url: phone_required ? "/pages/phone/phone" : "/pages/me/me" });
    });
  },

  // Signs in; what the service asks for on the way, it asks the person.
  async insist(login, more = {}) {
    try {
      return await login(more);
    } catch (error) {
      if (error.code === "account_cancelling" && !more.restore) {
        const until = `这个账号将于${day(error.purge_at)}删除。`;
        if (await ask("账号正在注销", `${until}要撤销注销并登录吗？`, "撤销注销"))
          return this.insist(login, { ...more, restore: true });
      }
      if (error.code === "consent_required" && !more.consent) {
        const terms = `请阅读并同意用户协议与隐私政策（${error.version} 版）。`;
        if (await ask("用户协议", terms, "同意"))
          return this.insist(login, { ...more, consent: error.version });
      }
      throw error;
    }
  },
});
