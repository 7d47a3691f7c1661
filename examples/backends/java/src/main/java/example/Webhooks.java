package example;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.*;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.*;
import tools.jackson.databind.json.JsonMapper;

/** What Menshen tells: people who came, changed, or left. */
@RestController
@ConditionalOnProperty("menshen.webhook-secret")
class Webhooks {
    private final Webhook webhook;
    private final JsonMapper json;

    Webhooks(@Value("${menshen.webhook-secret}") String secret, JsonMapper json) throws EmptyWebhookSecretException {
        this.webhook = new Webhook(secret);
        this.json = json;
    }

    @PostMapping("/webhooks/menshen")
    ResponseEntity<?> receive(@RequestBody byte[] body, @RequestHeader("webhook-id") String id,
            @RequestHeader("webhook-timestamp") String timestamp, @RequestHeader("webhook-signature") String signature) {
        // The signature is over the bytes as they came: nothing may read them before.
        var text = new String(body, StandardCharsets.UTF_8);
        try {
            webhook.verify(text, HttpHeaders.of(Map.of("webhook-id", List.of(id), "webhook-timestamp", List.of(timestamp),
                    "webhook-signature", List.of(signature)), (name, value) -> true));
        } catch (WebhookVerificationException | RuntimeException refused) {
            return ResponseEntity.status(401).body(Map.of("code", "signature_invalid"));
        }
        // The same event may come twice, by the same id: keep ids in the transaction that acts on them.
        var event = json.readTree(text);
        LoggerFactory.getLogger(Webhooks.class).info("{} {} {}", id, event.at("/type").asString(), event.at("/data/user_id").asString());
        return ResponseEntity.noContent().build();
    }
}
