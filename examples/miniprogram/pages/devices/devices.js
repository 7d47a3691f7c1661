const menshen = require("../../menshen");
const attempt = require("../../attempt");
const ask = require("../../ask");
const day = require("../../day");

const KINDS = { mini_program: "小程序", app: "App", web: "网页" };

Page({
  data: { devices: [], busy: false },

  onShow() {
    return attempt(this, () => this.show());
  },

  signOut(event) {
    const { id, name } = event.currentTarget.dataset;
    return this.after(`让「${name}」退出登录？`, () => menshen.signOutDevice(id));
  },

  signOutOthers() {
    return this.after("让其他设备都退出登录？", () => menshen.logout("others"));
  },

  after(question, act) {
    return attempt(this, async () => {
      if (!(await ask("退出登录", question))) return;
      await act();
      await this.show();
    });
  },

  async show() {
    const devices = await menshen.devices();
    this.setData({
      devices: devices.map(({ id, current, ...device }) => ({
        id,
        current,
        name: device.device_name || KINDS[device.client_type],
        seen: `${KINDS[device.client_type]} · ${device.address} · ${day(device.last_seen_at)}`,
      })),
    });
  },
});
