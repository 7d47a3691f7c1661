# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# The caches stay on the build machine; only the binary leaves this stage.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p menshen \
    && cp target/release/menshen /menshen

FROM debian:bookworm-slim
# WeChat and the SMS vendors are verified against these.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /menshen /usr/local/bin/menshen
# The only place that is written to: the database and, in development, its key.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/menshen/data
WORKDIR /var/lib/menshen
VOLUME /var/lib/menshen/data
USER 10001:10001
ENV MENSHEN_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
# bash speaks TCP itself, so the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["menshen"]
CMD ["serve"]
