package example;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.*;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.*;
import org.springframework.web.client.*;

@SpringBootApplication
@RestController
class Orders {
    private final RestClient menshen;

    Orders(@Value("${menshen.url}") String url) {
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(1)).build();
        var http = new JdkClientHttpRequestFactory(client);
        http.setReadTimeout(Duration.ofSeconds(3));
        menshen = RestClient.builder().baseUrl(url).requestFactory(http).build();
    }

    @GetMapping("/orders")
    Map<String, String> orders(@AuthenticationPrincipal Jwt token) {
        return Map.of("user", token.getSubject());
    }

    /** Asks Menshen as well, which sees a sign-out at once. */
    @GetMapping("/payments")
    ResponseEntity<?> payments(@AuthenticationPrincipal Jwt token) {
        try {
            menshen.get().uri("/v1/auth/verify").headers(head -> head.setBearerAuth(token.getTokenValue())).retrieve().toBodilessEntity();
            return ResponseEntity.ok(orders(token));
        } catch (HttpClientErrorException.Unauthorized | HttpClientErrorException.Forbidden refused) {
            var head = new HttpHeaders();
            head.setContentType(MediaType.APPLICATION_JSON);
            head.set("WWW-Authenticate", refused.getResponseHeaders().getFirst("WWW-Authenticate"));
            return new ResponseEntity<>(refused.getResponseBodyAsByteArray(), head, refused.getStatusCode());
        } catch (RestClientException away) {
            return ResponseEntity.status(503).body(Map.of("code", "unavailable"));
        }
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Orders.class, arguments);
    }
}
