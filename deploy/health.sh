#!/bin/bash
# The health check of the image: whether the server in this container answers at /health.
set -eu

# 0.0.0.0:8088 and [::]:8088 are reached by this machine's own address.
address=${STAT_WEB_ADDR:-0.0.0.0:8088} port=${address##*:}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r status <&3
[[ $status == "HTTP/1.1 200 "* ]]
