# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# What /metrics tells of the build: docker build --build-arg COMMIT="$(git rev-parse HEAD)" .
ARG COMMIT=unknown
ENV MENSHEN_BUILD_COMMIT=$COMMIT
# The caches stay on the build machine; only the binary leaves this stage.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p menshen \
    && cp target/release/menshen /menshen \
    && install -d -m 0700 /data

# The C library and certificates, and nothing else: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Menshen" \
      org.opencontainers.image.description="The login service for WeChat mini-programs and apps" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /menshen /usr/local/bin/menshen
# The only place that is written to, and only with SQLite, or in the development
# profile, whose master key lies there.
COPY --from=build --chown=65532:65532 /data /var/lib/menshen/data
WORKDIR /var/lib/menshen
VOLUME /var/lib/menshen/data
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
ENV MENSHEN_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/menshen", "health"]
ENTRYPOINT ["/usr/local/bin/menshen"]
CMD ["serve"]
