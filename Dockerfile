# CLS Probe as a public server. See DEPLOYING.md.
#
#   docker build -t cls-probe .
#   docker run --read-only --tmpfs /tmp -v cls-probe:/data -p 8501:8501 cls-probe

ARG PYTHON=3.11.13-slim-bookworm

FROM python:${PYTHON} AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt ./
# the CPU build first: PyPI's wheel brings several GB of CUDA
RUN pip install --no-cache-dir "$(sed -n 's/^\(torch==[^ ]*\).*/\1/p' requirements.txt)" \
        --index-url https://download.pytorch.org/whl/cpu \
    && pip install --no-cache-dir -r requirements.txt

FROM python:${PYTHON}
RUN useradd --uid 1000 --no-create-home --home-dir /data probe \
    && install -d -o probe -g probe /data /opt/numba
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY requirements.txt ./
COPY deploy deploy
COPY data data
COPY probing probing
COPY dashboard dashboard
RUN /opt/venv/bin/python -m compileall -q probing dashboard
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/data \
    HF_HOME=/data/huggingface \
    NUMBA_CACHE_DIR=/data/numba \
    PROBING_HOME=/data/probing \
    PROBING_PUBLIC=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_SERVER_MAX_MESSAGE_SIZE=25
USER 1000:1000
# compiled here, copied to the volume at the first start: no visitor waits half a minute for it
RUN NUMBA_CACHE_DIR=/opt/numba PROBING_HOME="$(mktemp -d)" python -m probing warm
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "deploy/healthy.py"]
ENTRYPOINT ["sh", "deploy/start.sh"]
