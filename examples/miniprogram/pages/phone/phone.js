const menshen = require("../../menshen");
const attempt = require("../../attempt");

Page({
  data: { user: null, busy: false },

  async onLoad() {
    this.setData({ user: menshen.user || (await attempt(this, () => menshen.me())) });
  },

  withButton(event) {
    return this.bind(() => menshen.bindPhone(event));
  },

  withCode({ detail: { phone, code } }) {
    return this.bind(() => menshen.bindPhone({ phone, code }));
  },

  bind(act) {
    return attempt(this, async () => {
      const { merged } = await this.selectComponent("#confirm").prove(act);
      const title = merged ? "已与这个手机号的账号合并" : "已绑定";
      wx.reLaunch({ url: "/pages/me/me", complete: () => wx.showToast({ title, icon: "none" }) });
    });
  },
});
