# The service with everything that it needs; PostgreSQL is inside too, for those who give no address of one.
# docs/operating.md says how to run it.

FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock requirements-run.lock ./
# Exactly what is locked, without what only development needs; and setuptools, to build ourselves, likewise.
RUN python -m venv /opt/shortscience \
 && /opt/shortscience/bin/pip install --no-cache-dir --require-hashes -r requirements-run.lock \
 && awk '/^[a-z]/ {wanted = /^setuptools==/} wanted' requirements.lock > setuptools.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r setuptools.lock
COPY pyproject.toml README.md ./
COPY service service
COPY schema schema
COPY projections projections
COPY migrations migrations
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir . . \
 && /opt/shortscience/bin/pip install --no-cache-dir --no-deps --no-index shortscience-*.whl \
 && /opt/shortscience/bin/python -m compileall -q /opt/shortscience/lib \
 && /opt/shortscience/bin/python -m pip uninstall --quiet --yes pip setuptools

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/shortscience --create-home shortscience
COPY --from=build /opt/shortscience /opt/shortscience
ENV PATH=/opt/shortscience/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    SHORTSCIENCE_HOST=0.0.0.0 \
    SHORTSCIENCE_PORT=8000 \
    SHORTSCIENCE_DATA_DIR=/var/lib/shortscience
USER shortscience
WORKDIR /var/lib/shortscience
VOLUME /var/lib/shortscience
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['SHORTSCIENCE_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["shortscience"]
CMD ["serve"]
