# The connector in a container; see compose.yaml for the switches it should run with.
# test/integration/container.test.ts performs this recipe without a container engine: paths in RUN stay relative.

FROM node:26-slim AS build
WORKDIR /app
RUN chown 1000:1000 .
USER 1000:1000
COPY --chown=1000:1000 package.json package-lock.json ./
# No install scripts: they would fetch a second Node, and build before the source is here. Nothing needs them.
RUN npm ci --ignore-scripts
# .dockerignore lets in only what is built from.
COPY --chown=1000:1000 . .
RUN node scripts/build.js
# Node finds its compile cache by the program's path and the user's number, so both are those of the final stage; and it
# writes files that only their owner may read.
RUN node scripts/fill-compile-cache.js && chmod -R a+rX,go-w bin dist package.json
# The only place the program writes to; a volume is put over it (STORE_URL: sqlite:./data/connector.db).
RUN mkdir -m 0700 data

FROM node:26-slim
WORKDIR /app
# No node_modules: the bundle in dist/ holds exactly the production dependencies. package.json makes the files modules.
# Everything is root's: the program cannot change itself.
COPY --from=build --chown=0:0 /app/package.json ./
COPY --from=build --chown=0:0 /app/bin ./bin
COPY --from=build --chown=0:0 /app/dist ./dist
COPY --from=build --chown=1000:1000 /app/data ./data
VOLUME /app/data
# The image's user "node", as a number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "\
  require('node:http').get(\
    { host: process.env.HOST || '127.0.0.1', port: process.env.PORT || 8000, path: '/health' },\
    ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "bin/nsps-connector.js"]
CMD ["serve"]
