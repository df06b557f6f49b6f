# One image for every program of the suite. The command's argument chooses one: ingest, sessions, aggregation, gateway, migrate,
# certificates or sessions:close. Each reads its settings from the environment: docs/settings.md.

# What the programs need of npm's, as package-lock.json has it: no tools of development, and none of the optional programs, which are
# PostgreSQL and Node for `make up`. (`npm ci` refuses a lock file that does not name the programs of every platform.)
FROM node:24-bookworm-slim AS dependencies
WORKDIR /ocellus
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY packages/deployment/package.json packages/deployment/
COPY packages/event-rules/package.json packages/event-rules/
COPY packages/runtime/package.json packages/runtime/
COPY packages/suite/package.json packages/suite/
COPY packages/wire/package.json packages/wire/
COPY services/aggregation/package.json services/aggregation/
COPY services/gateway/package.json services/gateway/
COPY services/ingest/package.json services/ingest/
COPY services/sessions/package.json services/sessions/
RUN npm install --no-save --omit=dev --omit=optional --no-audit --no-fund --loglevel=error \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# The messages of google.api and google.rpc, which git has not: made of the protos that an npm package carries.
FROM node:24-bookworm-slim AS protos
WORKDIR /ocellus
COPY package.json package-lock.json .npmrc buf.yaml ./
COPY proto/package.json proto/buf.gen.google.yaml proto/
RUN npm install --no-save --workspace proto --no-audit --no-fund --loglevel=error \
  && npm run --silent generate:google

# The programs, readable for everybody: whoever builds may have files that are not.
FROM node:24-bookworm-slim AS sources
WORKDIR /ocellus
COPY --from=protos /ocellus/proto/gen/google proto/gen/google
COPY proto/gen/ocellus proto/gen/ocellus
COPY packages/deployment packages/deployment
COPY packages/event-rules packages/event-rules
COPY packages/runtime packages/runtime
COPY packages/suite packages/suite
COPY packages/wire packages/wire
COPY services services
RUN chmod -R u=rwX,go=rX .

# All files belong to root, and nobody else may change them. Nothing is written but by `certificates`, into its folder.
FROM node:24-bookworm-slim
WORKDIR /ocellus
ENV NODE_ENV=production
COPY --from=dependencies /ocellus ./
COPY --from=sources /ocellus ./
USER 1000:1000
# The shell form would put a shell before Node, which then heard of no signal.
ENTRYPOINT ["node", "--max-semi-space-size=4", "packages/deployment/src/run-program.ts"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Ocellus" \
  org.opencontainers.image.description="Self-hosted event tracking: every accepted event exactly once, in its session and in its aggregates." \
  org.opencontainers.image.source="https://github.com/ocellus/ocellus" \
  org.opencontainers.image.documentation="https://github.com/ocellus/ocellus/blob/main/README.md" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
