# One image for the API, the worker and the migration; they differ in the command only.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing that runs in production needs an install script: native parts come prebuilt.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# Everything above belongs to root, so this account can run it and change none of it. Nothing is written
# outside /tmp: the root file system may be mounted read-only.
USER node
EXPOSE 4000
# Alive, not ready: a restart cannot mend a database or a Redis that is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# node itself, not npm: npm would stand between the process and its SIGTERM.
CMD ["node", "dist/src/main.js"]
