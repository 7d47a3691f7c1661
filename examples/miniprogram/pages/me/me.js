const menshen = require("../../menshen");
const attempt = require("../../attempt");

Page({
  data: { user: null, initial: "", linked: false, busy: false },

  async onShow() {
    if (await menshen.signedIn()) return this.change(() => menshen.me());
    wx.reLaunch({ url: "/pages/login/login" });
  },

  // What `chooseAvatar` gives is a file on this phone: it is uploaded.
  chooseAvatar(event) {
    return this.change(() => menshen.uploadAvatar(event.detail.avatarUrl));
  },

  saveNickname(event) {
    const nickname = event.detail.value.trim();
    if (nickname === this.data.user.nickname) return;
    return this.change(() => menshen.updateMe({ nickname: nickname || null }));
  },

  linkWechat() {
    return this.change(async () => (await menshen.linkWechat()).user);
  },

  open(event) {
    wx.navigateTo({ url: `/pages/${event.currentTarget.dataset.page}` });
  },

  logout() {
    return attempt(this, () => menshen.logout());
  },

  // Everything that edits the account answers the account.
  async change(act) {
    const user = await attempt(this, act);
    if (!user) return;
    const linked = user.identities.some(({ provider }) => provider === "wechat_mini_program");
    this.setData({ user, linked, initial: user.nickname.slice(0, 1) });
  },
});
