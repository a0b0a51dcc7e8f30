#!/bin/sh
# Builds the program for TARGET as a release is built: from the lock file, and without the paths of this machine in it, so that
# two builds of one commit with one compiler are equal byte for byte, in whatever folder.
#   contrib/package/build.sh [TARGET]        -> target/TARGET/release/esaudit
# TARGET: as rustc names it (default: that of this machine); its standard library and linker have to be there.
set -eu
cd "$(dirname "$0")/../.."

target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
. contrib/package/environment.sh
cargo build --release --locked --target "$target" --bin esaudit
