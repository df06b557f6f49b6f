# Starts nats-server. Once its certificate is renewed it is told to read it anew.
set -eu

reload_when_renewed() {
  seen=$(cksum "$TLS_CA" "$TLS_CERT" "$TLS_KEY")
  while sleep 60; do
    # What cannot be read now is looked at again.
    found=$(cksum "$TLS_CA" "$TLS_CERT" "$TLS_KEY") || continue
    [ "$found" = "$seen" ] || kill -HUP 1
    seen=$found
  done
}
reload_when_renewed &

exec nats-server --config "/etc/nats/config/$CONFIGURATION" --http_port 8222
