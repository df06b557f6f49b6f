# Starts PostgreSQL of the official image with TLS. Once its certificate is renewed it is told to read it anew.
set -eu
tls=/etc/postgresql/tls
server=/etc/postgresql/server

reload_when_renewed() {
  seen=$(cksum "$tls/ca.crt" "$tls/tls.crt" "$tls/tls.key")
  while sleep 60; do
    # What cannot be read now is looked at again.
    found=$(cksum "$tls/ca.crt" "$tls/tls.crt" "$tls/tls.key") || continue
    [ "$found" = "$seen" ] || kill -HUP 1
    seen=$found
  done
}
reload_when_renewed &

# The image makes no data without a password for the superuser. Nobody needs to know it: pg_hba.conf takes none.
POSTGRES_PASSWORD=$(head -c 32 /dev/urandom | base64)
export POSTGRES_PASSWORD

# The log tells no statements that failed: they hold what users sent.
exec docker-entrypoint.sh postgres \
  -c "hba_file=$server/pg_hba.conf" -c "ident_file=$server/pg_ident.conf" \
  -c ssl=on -c ssl_min_protocol_version=TLSv1.3 -c "ssl_ca_file=$tls/ca.crt" \
  -c "ssl_cert_file=$tls/tls.crt" -c "ssl_key_file=$tls/tls.key" \
  -c max_connections=200 -c shared_buffers=256MB \
  -c log_min_messages=log -c log_min_error_statement=panic -c log_error_verbosity=terse -c log_parameter_max_length_on_error=0
