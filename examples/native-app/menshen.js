import { createClient } from "menshen-sdk/web";

/** One client for the whole app. The storage is an encrypted one: Keychain on iOS, Keystore on Android. */
export const open = (baseUrl, encrypted) =>
  createClient({
    baseUrl,
    clientType: "app",
    storage: {
      getItem: (key) => encrypted.getItemAsync(key),
      setItem: (key, value) => encrypted.setItemAsync(key, value),
    },
  });
