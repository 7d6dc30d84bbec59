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

unit=$base/lib/systemd/system/insightd.service
grep -q '^ExecStart=/usr/local/bin/insightd all$' "$unit"
if command -v systemd-analyze >/dev/null 2>&1; then
  sed "s|/usr/local/bin|$base/bin|" "$unit" >"$root/insightd.service"
  # A user that is not made yet is the machine's affair.
  systemd-analyze verify "$root/insightd.service" 2>"$root/said" || true
  if grep -E 'insightd.service:[0-9]+' "$root/said"; then exit 1; fi
else
  echo "no systemd-analyze here: the unit is not verified"
fi
echo "installed, and it runs"
