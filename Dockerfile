# Copyright The Herald Authors
# SPDX-License-Identifier: Apache-2.0
#
# The image that `make image` writes without a daemon, for those who have one:
#
#   docker buildx build --build-arg VERSION=v0.1.0 --tag ghcr.io/herald-bgp/herald:v0.1.0 .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG TARGETPLATFORM
RUN go run ./hack/image -version "$VERSION" -platform "$TARGETPLATFORM" -rootfs /rootfs

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title=herald \
      org.opencontainers.image.source=https://github.com/herald-bgp/herald \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=$VERSION
COPY --from=build /rootfs/ /
USER 65534:65534
ENTRYPOINT ["/herald"]
