#!/bin/sh
# Starts nginx with what the environment says: where the API is, how often a client may ask, names, whose word counts, TLS.
set -euf
made=/tmp/made
per_minute=${REQUESTS_PER_MINUTE:-3000}
names=$(echo "${ALLOWED_HOSTS:-localhost,127.0.0.1}" | tr ', ' '\n\n' | sort -u)
balancers=$(echo "${TRUSTED_BALANCERS:-}" | tr ', ' '\n\n' | sort -u)

case $per_minute in
'' | 0* | *[!0-9]*)
    echo "The web server does not start: REQUESTS_PER_MINUTE=$per_minute is no whole number from 1 on" >&2
    exit 1
    ;;
esac
more_at_once=$((per_minute / 6 - 1)) # 10 seconds' worth, as the API itself counts
any=0
https_port=
for name in $names; do [ "$name" != "*" ] || any=1; done
[ "${HTTPS_PORT:-443}" = 443 ] || https_port=:$HTTPS_PORT

rm -rf "$made"
mkdir "$made"
{
    echo "resolver $(sed -n 's/^nameserver *//p' /etc/resolv.conf | head -n 1) valid=1s;"
    echo "resolver_timeout 2s;"
    echo "map \$host \$api { default ${API_URL:-http://api:8000}; }"
    echo "map \$host \$https_port { default '$https_port'; }"
    echo "map \$host \$is_ours { hostnames; default $any;"
    for name in $names; do [ "$name" = "*" ] || echo "    '$name' 1;"; done
    echo "}"
    echo "limit_req_zone \$counted zone=clients:10m rate=${per_minute}r/m;"
    for balancer in $balancers; do echo "set_real_ip_from $balancer;"; done
} >"$made/settings.conf"
echo "limit_req zone=clients $([ "$more_at_once" -lt 1 ] || echo "burst=$more_at_once nodelay");" >"$made/limit.conf"
echo "add_header Retry-After $(((59 + per_minute) / per_minute)) always;" >"$made/retry.conf"
[ ! -e /run/secrets/tls_certificate ] || cp /etc/nginx/tls.conf "$made/tls.conf"

exec nginx -g "daemon off;"
