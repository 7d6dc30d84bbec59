#!/bin/sh
# Fails when the binary lacks what the build promises against mistakes in memory: hardening_test.sh BINARY
set -eu
binary=$1
headers=$(readelf -hlW "$binary")
dynamic=$(readelf -dW "$binary")
symbols=$(readelf --dyn-syms -W "$binary")

has() { # what it is, the text, what it must hold
  if ! printf '%s\n' "$2" | grep -Eq "$3"; then
    echo "$binary has no $1 (cmake/Toolchain.cmake sets it)" >&2
    exit 1
  fi
}
has "position of its own at each start (PIE)" "$headers" 'Type: +DYN'
has "read-only relocations" "$headers" 'GNU_RELRO'
has "binding at start, so that they can all be read-only" "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
has "stack without code" "$headers" 'GNU_STACK .* RW +0x'
has "guard of its stack frames" "$symbols" '__stack_chk_fail'
has "checked copies (_FORTIFY_SOURCE)" "$symbols" '__[a-z]+_chk'
if printf '%s\n' "$headers" | grep -Eq 'LOAD .* RWE'; then
  echo "$binary has memory that may be written and run" >&2
  exit 1
fi
if printf '%s\n' "$dynamic" | grep -Eq 'RPATH|RUNPATH'; then
  echo "$binary looks for libraries in a folder of the build (RPATH, RUNPATH)" >&2
  exit 1
fi
echo "hardened: PIE, RELRO with BIND_NOW, no executable stack, stack guard, FORTIFY"
