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
# Each by itself: only then a missing one ends the script.
mac_arm=$(sum aarch64-apple-darwin)
mac_intel=$(sum x86_64-apple-darwin)
linux_arm=$(sum aarch64-unknown-linux-musl)
linux_intel=$(sum x86_64-unknown-linux-musl)
sed -e "s/@VERSION@/$version/g" \
    -e "s/@MAC_ARM@/$mac_arm/" -e "s/@MAC_INTEL@/$mac_intel/" \
    -e "s/@LINUX_ARM@/$linux_arm/" -e "s/@LINUX_INTEL@/$linux_intel/" \
    "$here/../homebrew/esaudit.rb.in"
