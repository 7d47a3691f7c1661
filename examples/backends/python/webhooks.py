import logging
from os import environ

from fastapi import APIRouter, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(environ["MENSHEN_WEBHOOK_SECRET"])
router = APIRouter()
log = logging.getLogger("uvicorn.error")


@router.post("/webhooks/menshen", status_code=204)
async def receive(request: Request):
    """What Menshen tells: people who came, changed, or left."""
    try:
        # The signature is over the bytes as they came: nothing may read them before.
        event = webhook.verify(await request.body(), dict(request.headers))
    except (WebhookVerificationError, ValueError):
        raise HTTPException(401, {"code": "signature_invalid"}) from None
    # The same event may come twice, by the same id: keep ids in the transaction that acts on them.
    log.info("%s %s %s", request.headers["webhook-id"], event["type"], event["data"]["user_id"])
