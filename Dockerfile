# The image of k8s/: `deadheat cleanup` and what it needs, run by a user without rights.
#
#     docker build --tag registry.example/deadheat:0.1.0 .
#
# Pin the base by digest in your own registry's mirror: --build-arg BASE=python:3.12.11-slim-bookworm@sha256:...
ARG BASE=python:3.12.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY deadheat ./deadheat
RUN python -m venv /opt/deadheat \
    && /opt/deadheat/bin/pip install --no-cache-dir --disable-pip-version-check ".[cleanup,postgres]"

FROM ${BASE}
COPY --from=build /opt/deadheat /opt/deadheat
ENV PATH=/opt/deadheat/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
USER 65532:65532
ENTRYPOINT ["deadheat"]
CMD ["cleanup", "--help"]
