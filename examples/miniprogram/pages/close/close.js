const menshen = require("../../menshen");
const attempt = require("../../attempt");
const ask = require("../../ask");
const day = require("../../day");

Page({
  data: { busy: false },

  close() {
    return attempt(this, async () => {
      if (!(await ask("注销账号", "所有设备都会退出登录。确定注销吗？", "注销"))) return;
      const closed = await this.selectComponent("#confirm").prove(() => menshen.closeAccount());
      const until = `账号将于${day(closed.purge_at)}删除。在那之前登录一次，就可以撤销注销。`;
      wx.showModal({ title: "账号已注销", content: until, showCancel: false });
    });
  },
});
