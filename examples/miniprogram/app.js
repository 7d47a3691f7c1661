const menshen = require("./menshen");

App({
  onLaunch() {
    menshen.onSignedOut((reason, error) => {
      const [page] = getCurrentPages().slice(-1);
      // Whoever closes the account is told more by that page.
      if (reason === "cancelled" && page.route === "pages/close/close") return;
      const tell = () => wx.showToast({ title: error.message, icon: "none" });
      // What the person has asked for needs no explanation.
      wx.reLaunch({ url: "/pages/login/login", complete: reason === "logout" ? undefined : tell });
    });
  },
});
