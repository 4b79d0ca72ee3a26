# The platform's images: `docker build --target api -t edtech-api:0.1.0 .`, and the same with `simulator`.
#
# The builder keeps what was downloaded and compiled between builds (the cache mounts): a change of ours compiles ours alone.
ARG VERSION=0.1.0

# The dashboard: files for browsers, which the API holds.
FROM --platform=$BUILDPLATFORM node:22.23.2-bookworm-slim AS dashboard
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

# Both programs. The Debian is the one that they will run on, so that its C library is theirs.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
# What profile.release has for those who change the code. Names of functions stay, for the backtrace of a panic.
ENV CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=none CARGO_PROFILE_RELEASE_STRIP=debuginfo
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY tests/Cargo.toml tests/
COPY entity entity
COPY migration migration
COPY simulator simulator
COPY openapi openapi
COPY api api
COPY --from=dashboard /src/frontend/dist frontend/dist
# Cargo reads the manifest of the tests too, and wants something there that could be built. And it believes the times of files,
# which in a checkout say nothing about what is in the cache: whatever is ours counts as changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    mkdir -p tests/src tests/bench tests/torture \
    && echo 'fn main() {}' | tee tests/bench/main.rs >tests/torture/main.rs \
    && touch tests/src/lib.rs \
    && find api entity frontend migration simulator -type f -exec touch {} + \
    && cargo build --release --locked --package edtech-api --package edtech-simulator \
    && install -D -t /out target/release/edtech-api target/release/edtech-simulator

# What both run on: no tools beyond Debian's own, a user without a name elsewhere, and the authorities that HTTPS goes by, which
# the simulator wants even where it speaks plain HTTP.
FROM debian:12.15-slim AS runtime
RUN groupadd --gid 10001 edtech \
    && useradd --uid 10001 --gid edtech --no-create-home --home-dir /var/lib/edtech --shell /usr/sbin/nologin edtech \
    && install --directory --owner=edtech --group=edtech --mode=0750 /var/lib/edtech
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
WORKDIR /var/lib/edtech
USER 10001:10001
STOPSIGNAL SIGTERM
ARG VERSION
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses=Apache-2.0

# Learners that stream lessons.
FROM runtime AS simulator
LABEL org.opencontainers.image.title="EdTech Stream simulator" \
      org.opencontainers.image.description="Learners that stream lessons, for EdTech Stream"
COPY --from=build /out/edtech-simulator /usr/local/bin/
EXPOSE 9200
ENTRYPOINT ["/usr/local/bin/edtech-simulator"]
CMD ["run"]

# The API, and beside it the simulator, which benchmarks start.
FROM runtime AS api
LABEL org.opencontainers.image.title="EdTech Stream" \
      org.opencontainers.image.description="Learning activity, stored and counted as it happens"
COPY --from=build /out/edtech-api /out/edtech-simulator /usr/local/bin/
ENV HOST=0.0.0.0 EDTECH_DATA_DIR=/var/lib/edtech
EXPOSE 8000 9100
ENTRYPOINT ["/usr/local/bin/edtech-api"]
CMD ["serve"]
