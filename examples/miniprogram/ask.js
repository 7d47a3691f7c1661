// Asks the person; answers whether they agree.
module.exports = (title, content, confirmText = "确定") =>
  new Promise((answer) =>
    wx.showModal({
      title,
      content,
      confirmText,
      success: ({ confirm }) => answer(confirm),
      fail: () => answer(false),
    }),
  );
