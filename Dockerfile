# Two stages: the first compiles, the second has only what the service needs. Both install from
# script/packages.txt.
#   docker build -t clinicd .
#   docker run -p 127.0.0.1:8080:8080 -v clinicd:/var/lib/clinicd clinicd
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY script script
RUN script/bootstrap build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release --target clinicd \
    && cmake --install build/release --prefix /usr/local --strip

FROM debian:bookworm-slim
COPY script /tmp/clinicd/script
RUN /tmp/clinicd/script/bootstrap run && rm -rf /tmp/clinicd /var/lib/apt/lists/* \
    && useradd --system --user-group --no-create-home --home-dir /var/lib/clinicd \
        --shell /usr/sbin/nologin clinicd \
    && install -d -o clinicd -g clinicd -m 0700 /var/lib/clinicd /run/clinicd
COPY --from=build /usr/local/bin/clinicd /usr/local/bin/clinicd
USER clinicd
ENV CLINICD_DATA_DIR=/var/lib/clinicd CLINICD_LISTEN=0.0.0.0:8080
VOLUME /var/lib/clinicd
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["clinicd", "healthcheck"]
STOPSIGNAL SIGTERM
CMD ["clinicd", "serve"]
