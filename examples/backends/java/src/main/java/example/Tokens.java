package example;

import com.nimbusds.jose.*;
import com.nimbusds.jose.jwk.source.*;
import com.nimbusds.jose.proc.*;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.*;
import jakarta.servlet.http.HttpServletResponse;
import java.net.*;
import java.util.*;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.*;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.*;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationFilter;
import org.springframework.security.web.SecurityFilterChain;

/** Good tokens are let through: nobody is asked, a sign-out is seen when the token expires. */
@Configuration
class Tokens {
    @Bean
    JwtDecoder decoder(@Value("${menshen.url}") URI menshen, @Value("${menshen.issuer}") String issuer,
            @Value("${menshen.audience}") String audience) throws MalformedURLException {
        // Kept for five minutes. A key that is not among them is asked for, but not more often than every ten seconds.
        var keys = JWKSourceBuilder.create(menshen.resolve("/.well-known/jwks.json").toURL(), new DefaultResourceRetriever(2_000, 2_000))
                .cache(300_000, 5_000).refreshAheadCache(false).rateLimited(10_000).build();
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, (selector, context) -> {
            try { return keys.get(selector, context); } catch (RateLimitReachedException tooSoon) { return List.of(); }
        }));
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        var claims = new DefaultJWTClaimsVerifier<>(audience, new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("exp", "sub", "sid"));
        claims.setMaxClockSkew(5);
        processor.setJWTClaimsSetVerifier(claims);
        var decoder = new NimbusJwtDecoder(processor);
        decoder.setJwtValidator(token -> OAuth2TokenValidatorResult.success()); // all is checked above
        return decoder;
    }

    @Bean
    SecurityFilterChain everything(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(requests -> requests.requestMatchers("/webhooks/menshen").permitAll().anyRequest().authenticated())
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .csrf(csrf -> csrf.disable()) // no cookie is believed
                .oauth2ResourceServer(tokens -> tokens.jwt(Customizer.withDefaults()))
                .addFilterBefore((request, response, chain) -> {
                    try { chain.doFilter(request, response); } catch (AuthenticationServiceException noKeys) {
                        ((HttpServletResponse) response).setStatus(503); // nobody can tell, which is not the person's fault
                    }
                }, BearerTokenAuthenticationFilter.class).build();
    }
}
