const menshen = require("./menshen");

App({
  onLaunch() {
    menshen.onSignedOut((reason, error) => {
      // What the person has asked for needs no explanation.
      if (reason !== "logout") wx.showToast({ title: error.message, icon: "none" });
    });
  },
});
