# The service as an image: docker build -t otpactors --build-arg VERSION=1.2.3 --build-arg REVISION="$(git rev-parse HEAD)" .
#
# Runtime: Ubuntu chiselled, "-extra". No shell, no package manager, no root. Why this one:
# - librdkafka, SQLite and the driver's natives come built for glibc; Alpine has a second build of librdkafka alone.
# - "-extra" has ICU and the time zones, which schedules and the languages of mails need.
# - of librdkafka's builds the one without Cyrus SASL is loaded: PLAIN, SCRAM and OAUTHBEARER work, GSSAPI does not.

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source

# What the restored packages depend on comes first, so that a change of code alone does not restore again.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/OtpActors/OtpActors.csproj src/OtpActors/
COPY src/OtpActors.Cql/OtpActors.Cql.csproj src/OtpActors.Cql/
COPY src/OtpActors.Domain/OtpActors.Domain.csproj src/OtpActors.Domain/
COPY src/OtpActors.Infrastructure/OtpActors.Infrastructure.csproj src/OtpActors.Infrastructure/
COPY src/OtpActors.Streams.Kafka/OtpActors.Streams.Kafka.csproj src/OtpActors.Streams.Kafka/
RUN dotnet restore src/OtpActors/OtpActors.csproj --use-current-runtime

COPY hocon/ hocon/
COPY src/ src/
ARG VERSION=dev
ARG REVISION=unknown
# The modes of a checkout under umask 077 would keep the runtime's user from its settings.
RUN dotnet publish src/OtpActors/OtpActors.csproj --configuration Release --no-restore \
        --use-current-runtime --self-contained false --output /out/app \
        "-p:InformationalVersion=${VERSION}+${REVISION}" -p:IncludeSourceRevisionInInformationalVersion=false \
    && chmod -R a+rX /out/app \
    && mkdir /out/state

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra AS runtime

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="OtpActors" \
      org.opencontainers.image.description="One-time passwords through a topic into Cassandra and MongoDB, checked, mailed and posted" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# 1654 is the base image's user "app"; as a number, so that orchestrators can see that it is not root.
COPY --from=build --chown=1654:1654 /out/state /var/lib/otpactors
COPY --from=build /out/app /app
COPY --chmod=644 LICENSE /app/

# The program makes its data directory itself, inside the volume, for its user alone.
# Listening beyond this machine it wants keys, OtpActors__Http__ApiKeys__0__Sha256 and so on, and does not start without.
ENV DOTNET_ENVIRONMENT=Docker \
    OtpActors__Http__Url=http://*:8080 \
    OtpActors__Data=/var/lib/otpactors/data

VOLUME /var/lib/otpactors
WORKDIR /app
USER 1654:1654
EXPOSE 8080

# There is no shell and no curl: the program asks itself.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["/app/OtpActors", "health"]

ENTRYPOINT ["/app/OtpActors"]
CMD ["serve"]
