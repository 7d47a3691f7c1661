// #ifndef H5
import { createClient } from "menshen-sdk";
// #endif
// #ifdef H5
import { createClient } from "menshen-sdk/web";
// #endif

// One client for the whole app.
export const menshen = createClient({
  // On a phone: your own https address, listed in the console as a request domain.
  baseUrl: import.meta.env.VITE_MENSHEN_URL || "http://127.0.0.1:8080",
  // #ifdef APP
  wx: uni,
  clientType: "app",
  // #endif
});
