#!/bin/sh
# Writes .env and deploy/secrets for docker-compose.yml: every password, key and certificate generated, readable by you alone.
# Changes no value that is there: servers keep the passwords of their first start, so new ones would lock the service out.
#
# Usage: deploy/make-env.sh [DIRECTORY]     DIRECTORY: where docker-compose.yml lies, else the directory above this script
set -eu

root=${1:-$(cd "$(dirname "$0")/.." && pwd)}
env=$root/.env
secrets=$root/deploy/secrets

# What containers are given is read by users of their own, who are not you: under umask 077 a checkout would be yours alone.
for given in cassandra grafana mongo prometheus; do
  if [ -d "$root/deploy/$given" ]; then chmod -R a+rX "$root/deploy/$given"; fi
done

command -v openssl > /dev/null || { echo "openssl is needed and not installed." >&2; exit 1; }
for there in "$env" "$secrets"; do
  if [ -e "$there" ]; then
    echo "$there is there already, and is left as it is. To begin anew, volumes included:" >&2
    echo "  docker compose down --volumes && rm -r '$env' '$secrets'" >&2
    exit 1
  fi
done

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/secrets"

password() { openssl rand -hex 24; }
key() { printf 'otp_%s' "$(openssl rand -hex 32)"; }
sha256() { printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

# Mailpit's certificate, from an authority of its own whose key is thrown away.
cat > "$work/authority.cnf" << 'END'
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = OtpActors development mail
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
cat > "$work/mail.cnf" << 'END'
[req]
distinguished_name = name
prompt = no
[name]
CN = mailpit
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:mailpit, DNS:localhost
END
ec() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
ec "$work/authority.key"
ec "$work/secrets/mail-key.pem"
openssl req -x509 -new -config "$work/authority.cnf" -key "$work/authority.key" -sha256 -days 1825 -out "$work/secrets/mail-authority.pem"
openssl req -new -config "$work/mail.cnf" -key "$work/secrets/mail-key.pem" -out "$work/mail.csr"
openssl x509 -req -in "$work/mail.csr" -CA "$work/secrets/mail-authority.pem" -CAkey "$work/authority.key" -set_serial "0x$(openssl rand -hex 8)" \
  -extfile "$work/mail.cnf" -extensions extensions -sha256 -days 1825 -out "$work/secrets/mail-certificate.pem" 2> "$work/openssl.log" \
  || { cat "$work/openssl.log" >&2; exit 1; }

api_key=$(key)
metrics_key=$(key)
printf '%s\n' "$api_key" > "$work/secrets/api-key"
printf %s "$metrics_key" > "$work/secrets/metrics-key"

cat > "$work/env" << END
# Made by deploy/make-env.sh. What each is for: .env.example
CASSANDRA_SUPERUSER_PASSWORD=$(password)
CASSANDRA_PASSWORD=$(password)
MONGO_ROOT_PASSWORD=$(password)
MONGO_PASSWORD=$(password)
POSTGRES_PASSWORD=$(password)
MAILPIT_PASSWORD=$(password)
OTPACTORS_API_KEY_SHA256=$(sha256 "$api_key")
OTPACTORS_METRICS_KEY_SHA256=$(sha256 "$metrics_key")
KAFKA_UI_PASSWORD=$(password)
MONGO_EXPRESS_PASSWORD=$(password)
MONGO_EXPRESS_COOKIE_SECRET=$(password)
MONGO_EXPRESS_SESSION_SECRET=$(password)
GRAFANA_PASSWORD=$(password)
END

mkdir -p "$root/deploy"
cp -R "$work/secrets" "$secrets"
# These two are read by containers' own users, who are not you. Their directory lets nobody else on this machine through.
chmod 644 "$secrets/mail-authority.pem" "$secrets/metrics-key"
cp "$work/env" "$env"
echo "Written: $env and $secrets. The API's key is in $secrets/api-key"
