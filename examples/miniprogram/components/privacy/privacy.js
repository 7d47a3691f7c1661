// WeChat asks for this before it hands over a phone number, a nickname or an avatar.
Component({
  options: { styleIsolation: "apply-shared" },
  data: { shown: false },

  pageLifetimes: {
    // The page that is shown is the one that is asked.
    show() {
      if (!wx.onNeedPrivacyAuthorization) return;
      wx.onNeedPrivacyAuthorization((answer) => {
        this.answer = answer;
        this.setData({ shown: true });
      });
    },
  },

  methods: {
    read() {
      wx.openPrivacyContract();
    },

    agree() {
      this.setData({ shown: false });
      this.answer({ event: "agree", buttonId: "agree" });
    },

    refuse() {
      this.setData({ shown: false });
      this.answer({ event: "disagree" });
    },
  },
});
