import express from "express";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.MENSHEN_WEBHOOK_SECRET);

/** What Menshen tells: people who came, changed, or left. */
export const webhooks = express.Router();

// The signature is over the bytes as they came: nothing may read them before.
webhooks.post("/webhooks/menshen", express.raw({ type: () => true, limit: "64kb" }), (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body, request.headers);
  } catch {
    return response.status(401).json({ code: "signature_invalid" });
  }
  // The same event may come twice, by the same id: keep ids in the transaction that acts on them.
  console.log(request.headers["webhook-id"], event.type, event.data.user_id);
  response.status(204).end();
});
