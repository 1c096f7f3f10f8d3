# Asterisk 22 for compose.yml; Debian's stable release has none. Its configuration is dialplans/asterisk, mounted.

FROM debian:sid-slim
RUN apt-get update && apt-get install -y --no-install-recommends asterisk && rm -rf /var/lib/apt/lists/* \
    && install -d -o asterisk -g asterisk /run/asterisk
USER asterisk
ENTRYPOINT ["asterisk", "-f"]
