const menshen = require("./menshen");

App({
  onLaunch() {
    menshen.onSignedOut((reason, error) => {
      const tell = () => wx.showToast({ title: error.message, icon: "none" });
      // What the person has asked for needs no explanation.
      const asked = reason === "logout" || reason === "cancelled";
      wx.reLaunch({ url: "/pages/login/login", complete: asked ? undefined : tell });
    });
  },
});
