#!/bin/sh
# Installs into an empty folder and shows that what lands there works: deploy/install_test.sh BUILD
set -eu
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root cmake --install "$build" --prefix /usr/local >"$root/log" 2>&1 || { cat "$root/log"; exit 1; }
base=$root/usr/local

(cd / && "$base/bin/insightd" version)
# The pack that was installed beside the binary is a good pack.
"$base/bin/insightd" rules check "$base/share/insightd/rulepacks/base"
# The example of the settings holds known keys only.
"$base/bin/insightd" config check --config "$base/share/insightd/insightd.toml"

# Each link is the program in whose place it stands.
says() {  # says NAME WORD TEXT: what the program answers to the word
  answer=$(cd / && "$base/libexec/insightd/$1" "$2" 2>&1) || { echo "$1 $2 ended with $?: $answer"; exit 1; }
  case $answer in *"$3"*) ;; *) echo "$1 $2 does not say \"$3\": $answer"; exit 1 ;; esac
}
says ccx-messaging --version "ccx-messaging version: "
says insights-results-aggregator help "    insights-results-aggregator [command]"
says insights-results-db-writer help "    insights-results-db-writer [command]"
says insights-results-aggregator-cleaner -version "Insights Results Aggregator Cleaner version"
says insights-results-aggregator-exporter -version "Insights Results Aggregator Exporter version"

for unit in all ingress api writer pipeline@; do
  grep -q "^ExecStart=/usr/local/bin/insightd ${unit%@}\$" "$base/lib/systemd/system/insightd-$unit.service"
done
for file in lib/systemd/system/insightd.target lib/sysusers.d/insightd.conf lib/tmpfiles.d/insightd.conf \
  share/insightd/insightd-distributed.toml share/insightd/secrets.conf; do
  test -s "$base/$file" || { echo "not installed: $file"; exit 1; }
done
echo "installed, and it runs"
