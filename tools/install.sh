#!/bin/sh
# Installs the Debian packages of the lists named, as far as they are missing.
#
#   tools/install.sh build ui        lists are the files tools/packages/NAME.txt
#   tools/install.sh --help
#
# Quiet and without the network when nothing is missing. As root, else by sudo. A service that a
# package brings is not started: the tests start their own, whose jars come with `servers`.
set -eu

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

folder=$(dirname "$0")/packages
case "${1:-}" in '' | -h | --help) usage; exit 0 ;; esac

missing=""
servers=""
for list in "$@"; do
  [ "$list" != servers ] || servers=yes
  if [ ! -f "$folder/$list.txt" ]; then
    echo "install.sh: no list '$list'; there are: $(cd "$folder" && echo ./*.txt)" >&2
    exit 2
  fi
  # Whoever has a Node of their own keeps it.
  if [ "$list" = ui ] && command -v npm >/dev/null 2>&1 &&
    [ "$(node -p 'process.versions.node.split(".")[0] >= 18' 2>/dev/null)" = true ]; then
    continue
  fi
  # shellcheck disable=SC2013  # a package is a word
  for package in $(grep -v '^#' "$folder/$list.txt"); do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
      'install ok installed') ;;
      *) missing="$missing $package" ;;
    esac
  done
done
install_servers() {
  [ -z "$servers" ] || "$(dirname "$0")/servers/servers.py" install
}
if [ -z "$missing" ]; then
  install_servers
  exit 0
fi

as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "install.sh: these packages are missing and neither root nor sudo is at hand:$missing" >&2
    echo "Install them with: apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

echo "Installing:$missing"
# A policy that says no keeps packages from starting their services; one that is there stays.
policy=/usr/sbin/policy-rc.d
made_policy=""
if [ ! -e "$policy" ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi
log=$(mktemp)
status=0
# shellcheck disable=SC2086  # the lists are words on purpose
{
  $as_root apt-get update -q &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
} >"$log" 2>&1 || status=$?
[ -z "$made_policy" ] || $as_root rm -f "$policy"
if [ "$status" != 0 ]; then
  cat "$log" >&2
  echo "install.sh: apt-get failed; what it said stands above" >&2
fi
rm -f "$log"
[ "$status" != 0 ] || install_servers || status=$?
exit "$status"
