# Echo in an image, for Docker, Podman and Buildah: docs/operations.md says how to run it.
#
#   docker build -t echo .

# ---- The program, unpacked, so that nothing has to be written where it runs ----
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates npm
WORKDIR /build
COPY .deno-version ./
COPY scripts scripts
RUN scripts/setup.sh build
COPY . .
# It asks Deno only for the permissions that it uses; what deno compile makes has all of them.
RUN deno task compile --self-extracting --output /opt/echo/echo && rm -r /opt/echo/build
RUN CACHE_DIRECTORY=/opt/echo/unpacked /opt/echo/echo --version

# ---- What runs ----
FROM debian:bookworm-slim
RUN useradd --uid 4242 --user-group --no-create-home --home-dir /var/lib/echo \
      --no-log-init --shell /usr/sbin/nologin echo && \
    install -d -o echo -g echo /var/lib/echo
COPY --from=build /opt/echo /opt/echo
COPY deploy/health.sh /opt/echo/health
ENV CACHE_DIRECTORY=/opt/echo/unpacked
USER 4242:4242
WORKDIR /var/lib/echo
VOLUME /var/lib/echo
# RTMP, HLS, statistics, the control API, Icecast and Shoutcast where they are on, SRT.
EXPOSE 1935 8080 8088 5021 8000 8001 9000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/opt/echo/health"]
ENTRYPOINT ["/opt/echo/echo"]
