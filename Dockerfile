# The mention monitor as a container: no compiler, no root, and nothing written outside /data.
#
#   docker build -t mention-monitor .
#   docker run -d --read-only --tmpfs /tmp -v mentions:/data -v ./rules.yaml:/etc/monitor/rules.yaml:ro \
#     -e SLACK_BOT_TOKEN mention-monitor
ARG PYTHON=3.12-slim

FROM python:${PYTHON} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/monitor
COPY requirements.lock ./
RUN /opt/monitor/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY monitor ./monitor
COPY connectors ./connectors
# Installed by the pinned setuptools of the lock: nothing is downloaded here. Then what only building needs goes.
RUN /opt/monitor/bin/python -m pip install --no-deps --no-build-isolation . \
 && /opt/monitor/bin/python -m pip uninstall -y setuptools pip \
 && find /opt/monitor -name __pycache__ -prune -exec rm -rf {} + \
 && python -m compileall -q /opt/monitor/lib

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="mention-monitor" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin monitor \
 && mkdir -p /data /etc/monitor && chown monitor /data
COPY --from=build /opt/monitor /opt/monitor
COPY rules.yaml /etc/monitor/rules.yaml
ENV PATH=/opt/monitor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MONITOR_DATABASE_URL=sqlite:////data/monitor.db
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
  CMD ["monitor", "health", "--rules", "/etc/monitor/rules.yaml"]
# The exec form: SIGTERM reaches the daemon itself, which stops within 10 seconds.
ENTRYPOINT ["monitor"]
CMD ["run", "--rules", "/etc/monitor/rules.yaml"]
