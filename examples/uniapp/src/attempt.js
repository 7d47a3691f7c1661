import { ref } from "vue";

/** Does what a tap asks for: once at a time, and every error has a message that is fit to show. */
export function useAttempt() {
  const busy = ref(false);

  async function attempt(act) {
    if (busy.value) return;
    busy.value = true;
    try {
      return await act();
    } catch (error) {
      // Whoever changed their mind knows it.
      if (error.code !== "given_up") uni.showToast({ title: error.message, icon: "none" });
    } finally {
      busy.value = false;
    }
  }

  return { busy, attempt };
}
