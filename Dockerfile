# The mention monitor as a container: no compiler, no root, and nothing written outside /data and /tmp.
#
#   docker build -t mention-monitor .
#   docker run -d --init --read-only --tmpfs /tmp -v mentions:/data \
#     -v "$PWD/rules.yaml:/etc/monitor/rules.yaml:ro" -e SLACK_BOT_TOKEN mention-monitor
#
# With podman or buildah add --format docker: images of their own format have no HEALTHCHECK. More in docs/operating.md.
ARG PYTHON=3.12-slim

FROM python:${PYTHON} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1
RUN python -m venv /opt/monitor
COPY requirements.lock ./
# Wheels only: nothing is compiled, and no package's own setup code runs.
RUN /opt/monitor/bin/python -m pip install --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY monitor ./monitor
COPY connectors ./connectors
# Installed by the pinned setuptools of the lock: nothing is downloaded here. Then what only building needs goes.
# Compiled by content, not by date: builders that set all files to one date would make dated bytecode stale.
RUN /opt/monitor/bin/python -m pip install --no-deps --no-build-isolation . \
 && /opt/monitor/bin/python -m pip uninstall -y setuptools pip \
 && /opt/monitor/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/monitor/lib

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="mention-monitor" \
      org.opencontainers.image.licenses="MIT"
# The base image has pip, and a standard library without bytecode, which a read-only root could never keep: every
# health check would compile it anew.
RUN lib="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && rm -rf "$lib/ensurepip" "$lib"/site-packages/pip* /usr/local/bin/pip* \
 && python -m compileall -q --invalidation-mode unchecked-hash -x 'idlelib|lib2to3|pydoc_data|tkinter|turtledemo' "$lib" \
 && useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin monitor \
 && mkdir -p /data /etc/monitor && chown monitor: /data && chmod 700 /data
COPY LICENSE NOTICE /usr/share/doc/mention-monitor/
COPY --from=build /opt/monitor /opt/monitor
COPY --chmod=644 rules.yaml /etc/monitor/rules.yaml
ENV PATH=/opt/monitor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MONITOR_DATABASE_URL=sqlite:////data/monitor.db
USER 10001
# Every command looks for rules.yaml where it is started, so that `docker exec ... monitor list` needs no --rules.
WORKDIR /etc/monitor
VOLUME /data
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["monitor", "health"]
# The exec form: SIGTERM reaches the daemon itself, which stops within 10 seconds.
ENTRYPOINT ["monitor"]
CMD ["run"]
