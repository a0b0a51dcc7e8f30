# shellcheck shell=sh
# For the shell that builds a release: `. contrib/package/environment.sh`, at the top of the repository. No path of this machine
# gets into the program, and a folder without a repository says of which commit it is.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
top=$PWD
if command -v cygpath >/dev/null; then
    # The compilers of Windows do not know the paths of its shell.
    cargo_home=$(cygpath -w "$cargo_home") top=$(cygpath -w "$top")
fi
RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$top=/esaudit"
RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$(rustc --print sysroot)=/rust"
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$cargo_home=/cargo -ffile-prefix-map=$top=/esaudit"
CARGO_INCREMENTAL=0
ESAUDIT_COMMIT=${ESAUDIT_COMMIT:-$(git rev-parse HEAD 2>/dev/null || true)}
export RUSTFLAGS CFLAGS CARGO_INCREMENTAL ESAUDIT_COMMIT
