#!/bin/bash
# Starts Cassandra with sign-in. At the first start the image's superuser, whose password everybody knows, gets another one,
# and the service gets a role that can make its keyspace and nothing of other people's. Later starts find that done.
# Writes are acknowledged once the commit log is on disk: this node is alone, and by the image's default (a sync every 10 s) it
# would lose, when it is killed, what nobody else holds.
set -euo pipefail
: "${SUPERUSER_PASSWORD:?}" "${OTPACTORS_PASSWORD:?}"

config=${CASSANDRA_CONFIG:-/etc/cassandra}
credentials=${CREDENTIALS:-/tmp}
sed -i -e 's/AllowAllAuthenticator/PasswordAuthenticator/' -e 's/AllowAllAuthorizer/CassandraAuthorizer/' "$config/cassandra.yaml"

# `batch` does not go together with a period, whose name differs between versions.
sed -i -e '/^commitlog_sync\(_[a-z_]*\)\{0,1\}:/d' "$config/cassandra.yaml"
printf '\ncommitlog_sync: batch\n' >> "$config/cassandra.yaml"

umask 077
sign_in() { printf '[PlainTextAuthProvider]\nusername = %s\npassword = %s\n' "$2" "$3" > "$credentials/$1.credentials"; }
sign_in otpactors otpactors "$OTPACTORS_PASSWORD" # for the health check
sign_in superuser cassandra "$SUPERUSER_PASSWORD"
sign_in first cassandra cassandra

# Statements come from standard input: among arguments their passwords would show in the list of processes.
ask() { cqlsh --credentials="$credentials/$1.credentials" 127.0.0.1 <<< "$2" > /dev/null 2>&1; }

set_up() {
  # The superuser's password is changed last: once it holds, all before it is done. Broken off earlier, it begins anew.
  until ask superuser "SELECT release_version FROM system.local;"; do
    ask first "CREATE ROLE IF NOT EXISTS otpactors WITH PASSWORD = '$OTPACTORS_PASSWORD' AND LOGIN = true;" \
      && ask first "GRANT CREATE ON ALL KEYSPACES TO otpactors;" \
      && ask first "ALTER ROLE cassandra WITH PASSWORD = '$SUPERUSER_PASSWORD';" \
      || sleep "${RETRY_SECONDS:-2}"
  done
  rm -f "$credentials/first.credentials" "$credentials/superuser.credentials"
}
set_up &

unset SUPERUSER_PASSWORD OTPACTORS_PASSWORD
exec docker-entrypoint.sh cassandra -f
