const menshen = require("../../menshen");
const attempt = require("../../attempt");
const ask = require("../../ask");

Page({
  data: { busy: false },

  close() {
    return attempt(this, async () => {
      if (!(await ask("注销账号", "所有设备都会退出登录。确定注销吗？", "注销"))) return;
      const closed = await this.selectComponent("#confirm").prove(() => menshen.closeAccount());
      wx.reLaunch({ url: `/pages/login/login?closed=${encodeURIComponent(closed.purge_at)}` });
    });
  },
});
