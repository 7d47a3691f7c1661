const menshen = require("../../menshen");
const attempt = require("../../attempt");

// Sends a code, and tells its page what the person has typed.
Component({
  options: { styleIsolation: "apply-shared" },
  properties: {
    // login, bind_phone, or step_up, which goes to the account's own number.
    purpose: { type: String, value: "login" },
    label: { type: String, value: "确定" },
  },
  data: { phone: "", code: "", wait: 0, busy: false },

  lifetimes: {
    detached() {
      clearInterval(this.countdown);
    },
  },

  methods: {
    typePhone(event) {
      this.setData({ phone: event.detail.value });
    },

    typeCode(event) {
      this.setData({ code: event.detail.value });
    },

    sendCode() {
      const { purpose, phone } = this.data;
      return attempt(this, async () => {
        try {
          const own = purpose === "step_up";
          const sent = await (own ? menshen.sendStepUpCode() : menshen.sendCode(phone, purpose));
          this.count(sent.resend_after);
        } catch (error) {
          if (error.code === "sms_too_frequent") this.count(error.retry_after);
          throw error;
        }
      });
    },

    submit() {
      const { phone, code } = this.data;
      this.triggerEvent("proven", { phone, code });
    },

    count(seconds) {
      clearInterval(this.countdown);
      this.setData({ wait: seconds });
      this.countdown = setInterval(() => {
        this.setData({ wait: this.data.wait - 1 });
        if (this.data.wait <= 0) clearInterval(this.countdown);
      }, 1000);
    },
  },
});
