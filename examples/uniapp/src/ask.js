/** Asks the person; answers whether they agree. */
export const ask = (title, content, confirmText = "确定") =>
  new Promise((answer) =>
    uni.showModal({
      title,
      content,
      confirmText,
      success: ({ confirm }) => answer(confirm),
      fail: () => answer(false),
    }),
  );
