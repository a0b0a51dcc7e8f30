#!/bin/sh
# Writes the Homebrew formula of a release from the list of its checksums.
#   contrib/package/formula.sh VERSION SHA256SUMS >esaudit.rb
set -eu
version=${1:?VERSION is missing}
sums=${2:?SHA256SUMS is missing}
here=$(dirname "$0")

sum() {
    hash=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]esaudit-$version-$1\.tar\.gz\$/\1/p" "$sums")
    [ -n "$hash" ] || { echo "formula.sh: $sums names no esaudit-$version-$1.tar.gz" >&2; exit 1; }
    echo "$hash"
}
sed -e "s/@VERSION@/$version/g" \
    -e "s/@MAC_ARM@/$(sum aarch64-apple-darwin)/" -e "s/@MAC_INTEL@/$(sum x86_64-apple-darwin)/" \
    -e "s/@LINUX_ARM@/$(sum aarch64-unknown-linux-musl)/" -e "s/@LINUX_INTEL@/$(sum x86_64-unknown-linux-musl)/" \
    "$here/../homebrew/esaudit.rb.in"
