#!/bin/sh
# Makes esaudit_VERSION_amd64.deb of the static binary, with manual pages and shell completions, in target/debian.
# Needs dpkg-deb and gzip, and before: cargo build --release --locked --target x86_64-unknown-linux-musl --bin esaudit
set -eu
cd "$(dirname "$0")/../.."

binary=${1:-target/x86_64-unknown-linux-musl/release/esaudit}
version=$("$binary" --version | cut -d ' ' -f 2)
root=target/debian/root
rm -rf "$root"
umask 022

install -D -m 755 "$binary" "$root/usr/bin/esaudit"
strip "$root/usr/bin/esaudit" 2>/dev/null || true
"$binary" man "$root/usr/share/man/man1"
gzip -9n "$root"/usr/share/man/man1/*.1
mkdir -p "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" \
    "$root/usr/share/fish/vendor_completions.d"
"$binary" completions bash >"$root/usr/share/bash-completion/completions/esaudit"
"$binary" completions zsh >"$root/usr/share/zsh/vendor-completions/_esaudit"
"$binary" completions fish >"$root/usr/share/fish/vendor_completions.d/esaudit.fish"
install -D -m 644 LICENSE "$root/usr/share/doc/esaudit/copyright"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/esaudit/changelog.gz"

mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: esaudit
Version: $version
Architecture: amd64
Maintainer: The esaudit authors <esaudit@localhost>
Section: admin
Priority: optional
Installed-Size: $(du -sk "$root/usr" | cut -f 1)
Description: offline analyzer of Elasticsearch security audit logs
 Who failed to authenticate, through which realms, why and from where; which of it
 is an attack and which a forgotten credential; what to do. Needs no cluster and no
 network.
CONTROL
dpkg-deb --root-owner-group --build "$root" "target/debian/esaudit_${version}_amd64.deb"
