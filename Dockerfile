# One image for every command; what runs is the command that a service gives.
# Versions are pinned by tag: who builds for production adds the digests of the day.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY requirements.image.lock ./
# Wheels only, each by its hash: nothing is compiled, nothing is taken that the lock does not name.
RUN python -m venv /opt/tocsin \
    && /opt/tocsin/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes -r requirements.image.lock
COPY pyproject.toml README.md LICENSE ./
COPY streams streams
COPY models models
COPY detectors detectors
COPY alerting alerting
COPY replay replay
COPY tocsin tocsin
COPY config/demo config/demo
RUN /opt/tocsin/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 10001 tocsin \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tocsin \
    && install -d -o 10001 -g 10001 -m 0700 /store
COPY --from=build /opt/tocsin /opt/tocsin
# One core a worker: threads of linear algebra would only take it from others.
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1
USER 10001:10001
WORKDIR /store
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["tocsin"]
CMD ["--help"]
