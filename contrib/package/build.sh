#!/bin/sh
# Builds the program for TARGET as a release is built: from the lock file, and without the paths of this machine in it, so that
# two builds of one commit with one compiler are equal byte for byte, in whatever folder.
#   contrib/package/build.sh [TARGET]        -> target/TARGET/release/esaudit
# TARGET: as rustc names it (default: that of this machine); its standard library and linker have to be there.
set -eu
cd "$(dirname "$0")/../.."

target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)
maps="--remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$PWD=/esaudit --remap-path-prefix=$sysroot=/rust"
export RUSTFLAGS="${RUSTFLAGS:-} $maps"
export CFLAGS="${CFLAGS:-} -ffile-prefix-map=$cargo_home=/cargo -ffile-prefix-map=$PWD=/esaudit"
export CARGO_INCREMENTAL=0
# Folders that have no repository say of which commit they are.
ESAUDIT_COMMIT=${ESAUDIT_COMMIT:-$(git rev-parse HEAD 2>/dev/null || true)}
export ESAUDIT_COMMIT

cargo build --release --locked --target "$target" --bin esaudit
