// Does what a tap asks for: once at a time, and every error has a message that is fit to show.
module.exports = async function attempt(page, act) {
  if (page.data.busy) return;
  page.setData({ busy: true });
  try {
    return await act();
  } catch (error) {
    // Whoever changed their mind knows it.
    if (error.code !== "given_up") wx.showToast({ title: error.message, icon: "none" });
  } finally {
    page.setData({ busy: false });
  }
};
