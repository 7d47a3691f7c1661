const { createClient } = require("menshen-sdk");

// One client for the whole app.
module.exports = createClient({
  // On a phone: your own https address, listed in the console as a request domain.
  baseUrl: "http://127.0.0.1:8080",
});
