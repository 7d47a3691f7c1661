const menshen = require("../../menshen");
const attempt = require("../../attempt");

// Some acts need a proof of who is there that is younger than five minutes.
Component({
  options: { styleIsolation: "apply-shared" },
  data: { shown: false, busy: false },

  methods: {
    // Acts; where a proof is asked for, gets one and acts again.
    async prove(act) {
      try {
        return await act();
      } catch (error) {
        if (error.code !== "step_up_required") throw error;
        await this.confirm(error.methods);
        return act();
      }
    },

    // WeChat needs to ask nothing of the person, an SMS code does.
    async confirm(methods) {
      const bySms = methods.includes("sms");
      if (methods.includes("wechat")) {
        try {
          return await menshen.stepUp();
        } catch (error) {
          if (!bySms) throw error;
        }
      }
      return new Promise((resolve, reject) => {
        this.settle = { resolve, reject };
        this.setData({ shown: true });
      });
    },

    withCode(event) {
      return attempt(this, async () => {
        await menshen.stepUp(event.detail.code);
        this.setData({ shown: false });
        this.settle.resolve();
      });
    },

    giveUp() {
      this.setData({ shown: false });
      this.settle.reject(Object.assign(new Error("已取消"), { code: "given_up" }));
    },
  },
});
