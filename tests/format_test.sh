#!/bin/sh
# Fails when a C++ source is not laid out as .clang-format says, or a script has a fault.
set -eu
cd "$(dirname "$0")/.."
# A fresh checkout has git; an unpacked release has not, then the folders are searched.
list() { git ls-files "$@" 2>/dev/null || find src tests bench tools deploy -name "${1#\*}"; }
list '*.cc' '*.h' | xargs clang-format-14 --dry-run -Werror
list '*.sh' | xargs shellcheck
echo "$(list '*.cc' '*.h' | wc -l) sources and $(list '*.sh' | wc -l) scripts are as they should be"
