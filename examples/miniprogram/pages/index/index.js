const menshen = require("../../menshen");

Page({
  data: {
    user: null,
    devices: [],
    phoneRequired: false,
    busy: false,
    phone: "",
    code: "",
    wait: 0,
    privacy: "",
  },

  async onLoad() {
    this.stopListening = menshen.onSignedOut(() => this.setData({ user: null, devices: [] }));
    // WeChat asks for this before it hands over a phone number or a nickname.
    if (wx.onNeedPrivacyAuthorization)
      wx.onNeedPrivacyAuthorization((answer) => {
        this.answerPrivacy = answer;
        this.setData({ privacy: "请阅读并同意隐私保护指引" });
      });
    if (await menshen.signedIn()) await this.attempt(() => this.show());
  },

  onUnload() {
    this.stopListening();
    clearInterval(this.countdown);
  },

  // Signing in

  oneTap() {
    return this.attempt(() => menshen.login());
  },

  phoneButton(event) {
    return this.attempt(() => menshen.loginWithPhone(event));
  },

  sendCode() {
    const purpose = this.data.user ? "bind_phone" : "login";
    return this.attempt(async () => {
      const sent = await menshen.sendCode(this.data.phone, purpose);
      this.count(sent.resend_after);
    }, "stay");
  },

  smsLogin() {
    const { phone, code } = this.data;
    return this.attempt(() => menshen.loginWithCode(phone, code));
  },

  // The signed-in person

  saveNickname(event) {
    return this.attempt(() => menshen.updateMe({ nickname: event.detail.value }));
  },

  bindWithButton(event) {
    return this.attempt(() => menshen.bindPhone(event));
  },

  bindWithCode() {
    const { phone, code } = this.data;
    return this.attempt(() => menshen.bindPhone({ phone, code }));
  },

  signOutDevice(event) {
    return this.attempt(() => menshen.signOutDevice(event.currentTarget.dataset.id));
  },

  logout() {
    return this.attempt(() => menshen.logout(), "stay");
  },

  // The page

  typePhone(event) {
    this.setData({ phone: event.detail.value });
  },

  typeCode(event) {
    this.setData({ code: event.detail.value });
  },

  agreePrivacy() {
    this.setData({ privacy: "" });
    this.answerPrivacy({ event: "agree", buttonId: "agree" });
  },

  refusePrivacy() {
    this.setData({ privacy: "" });
    this.answerPrivacy({ event: "disagree" });
  },

  count(seconds) {
    clearInterval(this.countdown);
    this.setData({ wait: seconds });
    this.countdown = setInterval(() => {
      this.setData({ wait: this.data.wait - 1 });
      if (this.data.wait <= 0) clearInterval(this.countdown);
    }, 1000);
  },

  // Every error has a message that is fit to show.
  async attempt(act, afterwards = "show") {
    if (this.data.busy) return;
    this.setData({ busy: true });
    try {
      const done = await act();
      if (done && done.phone_required) this.setData({ phoneRequired: true });
      if (afterwards === "show") await this.show();
    } catch (error) {
      if (error.code === "step_up_required") await this.stepUp(act);
      else wx.showToast({ title: error.message, icon: "none" });
    } finally {
      this.setData({ busy: false });
    }
  },

  // Some acts need a proof that is younger than five minutes.
  async stepUp(act) {
    try {
      await menshen.stepUp();
      await act();
      await this.show();
    } catch (error) {
      wx.showToast({ title: error.message, icon: "none" });
    }
  },

  async show() {
    const [user, devices] = await Promise.all([menshen.me(), menshen.devices()]);
    const phoneRequired = this.data.phoneRequired && !user.phone;
    this.setData({ user, devices, phoneRequired, code: "" });
  },
});
