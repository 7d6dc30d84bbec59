#!/bin/sh
# clang-tidy over the sources (all, or those named), clang-format and shellcheck without changes.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
# Only how each source is compiled is needed, by the compiler that clang-tidy is part of.
mkdir -p build
cmake --preset debug -B build/lint -DINSIGHTD_UI=OFF -DCMAKE_CXX_COMPILER=clang++-14 >build/lint.log 2>&1 || {
  cat build/lint.log >&2
  exit 1
}
git ls-files '*.cc' '*.h' | xargs clang-format-14 --dry-run -Werror
git ls-files '*.sh' | xargs shellcheck
if [ $# = 0 ]; then
  # shellcheck disable=SC2046  # a path is a word
  set -- $(git ls-files 'src/*.cc' | grep -v '_fuzz\.cc$')
fi
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 4 clang-tidy-14 -p build/lint --quiet
